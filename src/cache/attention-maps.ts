/**
 * Attention maps √Q with one channel, where Q is the mean over channels of F² (Zagoruyko and Komodakis 2017).
 * If F has a mean square of 1, so has √Q. Its square is proportional to Σ_c F², so that the loss `attention`
 * is the same as for F.
 *
 * @param maps NHWC, [pixels of all samples, channels]
 * @returns [pixels of all samples]
 */
export function attentionMaps(maps: Float32Array, channels: number): Float32Array {
  const result = new Float32Array(maps.length / channels);
  for (let pixel = 0, at = 0; pixel < result.length; pixel++) {
    let squares = 0;
    for (const end = at + channels; at < end; at++) squares += maps[at] * maps[at];
    result[pixel] = Math.sqrt(squares / channels);
  }
  return result;
}

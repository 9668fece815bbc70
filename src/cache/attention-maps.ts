/**
 * Attention maps √Q with Q = mean over channels of F² (Zagoruyko and Komodakis 2017), of one channel. Where F has a mean
 * square of 1, so has √Q; squared and summed over its one channel it is proportional to Σ_c F², so that the loss on
 * attention sees no difference.
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

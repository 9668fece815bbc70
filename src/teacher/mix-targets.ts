import type { Mixing } from '../data/mix.js';
import type { TeacherTargets } from './targets.js';

/**
 * Approximate targets of mixed images, from the targets of the images that were mixed. They are for a source
 * that knows views and not images, such as a cache. The probabilities at the temperature T are mixed:
 *
 *   p = λ p_a + (1 − λ) p_b,  p_a = softmax(z_a / T),  p_b = softmax(z_b / T)
 *
 * The result is given as logits z = T log p, so that softmax(z / T) = p; at another temperature it means
 * nothing. A teacher would answer differently for the mixed image. There are no feature maps, since those of
 * a mixed image are not mixtures.
 *
 * @param classes the number of classes
 * @param temperature T of the losses that use the targets, greater than 0
 */
export function mixTargets(
  { logits }: Pick<TeacherTargets, 'logits'>,
  { partner, lambda }: Mixing,
  classes: number,
  temperature: number,
): TeacherTargets {
  const logShares = [Math.log(lambda), Math.log(1 - lambda)] as const;
  const logOf = logits.map((logit) => logit / temperature);
  for (let start = 0; start < logOf.length; start += classes) {
    const sum = logSumExp(logOf.subarray(start, start + classes));
    for (let k = start; k < start + classes; k++) logOf[k] -= sum;
  }
  const mixed = new Float32Array(logits.length);
  partner.forEach((other, n) => {
    for (let k = 0; k < classes; k++) {
      const a = logShares[0] + logOf[n * classes + k];
      const b = logShares[1] + logOf[other * classes + k];
      const most = Math.max(a, b);
      mixed[n * classes + k] = temperature * (most + Math.log(Math.exp(a - most) + Math.exp(b - most)));
    }
  });
  return { logits: mixed, features: new Map() };
}

/** log Σ exp v. */
function logSumExp(values: Float32Array): number {
  const most = values.reduce((a, b) => Math.max(a, b));
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

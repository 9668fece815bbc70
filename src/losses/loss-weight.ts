/** The weight of a loss term over a stage: one number of at least 0, or a course from one to another. */
export type LossWeight =
  | number
  | {
      /** At the start of the stage. */
      readonly from: number;
      /** At its end. */
      readonly to: number;
      readonly course: 'linear' | 'cosine';
    };

/**
 * The weight when the share s of a stage is over.
 *
 *   linear: from + (to − from)·s        cosine: to + (from − to)·(1 + cos πs)/2
 *
 * @param share in [0, 1]: the fractional epoch over the epochs of the stage
 */
export function lossWeightAt(weight: LossWeight, share: number): number {
  if (typeof weight === 'number') return weight;
  const { from, to, course } = weight;
  if (course === 'linear') return from + (to - from) * share;
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
}

/** Whether a term counts at any moment. */
export function isWeighed(weight: LossWeight): boolean {
  return typeof weight === 'number' ? weight > 0 : weight.from > 0 || weight.to > 0;
}

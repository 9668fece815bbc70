/** What `AdamStep` takes beside gradient and variables; see native/families/elementwise.h. */
export interface AdamStepAttributes {
  readonly step: number;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clip: number;
}

import { nativeKernel } from './registration.js';

/** The settings of one Adam step; see native/kernels.h. */
export interface AdamAttributes {
  readonly step: number;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clip: number;
}

/** Registers the optimizer step, which writes weights and moments in place and returns nothing. */
export function registerOptimizerKernels(): void {
  nativeKernel<AdamAttributes>('AdamStep', ({ inputs: { gradient, w, m, v }, attributes: a, backend }) => {
    const weights = backend.floats(w);
    backend.addon.adamStep(
      weights.length,
      a.step,
      a.lr,
      a.beta1,
      a.beta2,
      a.epsilon,
      a.weightDecay,
      a.clip,
      backend.floats(gradient),
      weights,
      backend.floats(m),
      backend.floats(v),
    );
    return [];
  });
}

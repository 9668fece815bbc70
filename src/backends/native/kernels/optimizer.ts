import type { AdamStepAttributes } from '../../../optim/optimizers/adam.js';
import { nativeKernel } from './registration.js';

/** Registers the optimizer step, which writes weights and moments in place and returns nothing. */
export function registerOptimizerKernels(): void {
  nativeKernel<AdamStepAttributes>(
    'AdamStep',
    ({ inputs: { gradient, w, m, v }, attributes: a, backend }) => {
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
    },
  );
}

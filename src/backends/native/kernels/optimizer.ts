import type { AdamStepAttributes } from '../../kernel-contracts/optimizer.js';
import { nativeKernel } from './registration.js';

/** Registers the optimizer step, which writes weights and moments in place and returns nothing. */
export function registerOptimizerKernels(): void {
  nativeKernel<AdamStepAttributes>(
    'AdamStep',
    ({ inputs: { gradient, w, m, v }, attributes: a, backend }) => {
      const weights = backend.floats(w);
      backend.addon.adamStep({
        size: weights.length,
        step: a.step,
        lr: a.lr,
        beta1: a.beta1,
        beta2: a.beta2,
        epsilon: a.epsilon,
        weightDecay: a.weightDecay,
        clip: a.clip,
        gradient: backend.floats(gradient),
        w: weights,
        m: backend.floats(m),
        v: backend.floats(v),
      });
      return [];
    },
  );
}

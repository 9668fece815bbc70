import { numberIn, toggle } from '../../files/setting-types.js';

// Options that several optimizers have.

/** Those of Adam's moments. */
export const momentOptions = {
  beta1: numberIn({ from: 0, below: 1 })
    .default(0.9)
    .describe('Share of the old value in the mean of the gradients (β₁)'),
  beta2: numberIn({ from: 0, below: 1 })
    .default(0.999)
    .describe('Share of the old value in the mean of the squared gradients (β₂)'),
  epsilon: numberIn({ above: 0 }).default(1e-8).describe('Added to the root of the mean square (ε)'),
};

export const weightDecay = numberIn({ from: 0 })
  .default(0)
  .describe('Weight decay, of tensors of rank 2 and more only');

export const clipLatent = toggle().default(false).describe('Clip latent weights to [-1, 1] after each step');

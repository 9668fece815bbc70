import {
  add,
  clipByValue,
  div,
  mul,
  sqrt,
  square,
  sub,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';
import type { AdamStepAttributes } from '../../backends/kernel-contracts/optimizer.js';
import type { NamedTensor } from '../../files/safetensors.js';
import type { Parameter } from '../../nn/parameters.js';
import { composedKernel } from '../../ops/kernel.js';
import { defineOptimizer, type Optimizer } from '../optimizer.js';
import { type CompleteOptions, completeOptions, type GivenOptions } from '../options.js';
import { clipLatent, momentOptions, weightDecay } from './shared-options.js';
import { StateVariables } from './state-variables.js';

/** The options of Adam with ranges and defaults: β₁ 0.9, β₂ 0.999, ε 1e-8, no weight decay, no clipping. */
export const adamOptions = { ...momentOptions, weightDecay, clipLatent };

export type AdamOptions = GivenOptions<typeof adamOptions>;

/**
 * Adam (Kingma and Ba 2015), with weight decay λ added to the gradient of parameters of rank 2 and more:
 *
 *   g ← g + λw,  m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  w ← w − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * On the native backend a step is one pass over memory that writes weights and moments in place.
 */
export class Adam implements Optimizer {
  readonly #options: CompleteOptions<typeof adamOptions>;
  readonly #moments = new StateVariables();
  #step = 0;

  /** @throws InputError for an option out of its range */
  constructor(options: AdamOptions = {}) {
    this.#options = completeOptions('Adam', adamOptions, options);
  }

  /** The number of steps begun. */
  get steps(): number {
    return this.#step;
  }

  /** Begins the next step; every parameter may then be moved once. */
  beginStep(): void {
    this.#step++;
  }

  /** Moves one parameter along its gradient. */
  move({ name, variable: w, latent }: Parameter, gradient: Tensor, lr: number): void {
    const { beta1, beta2, epsilon, weightDecay, clipLatent } = this.#options;
    const m = this.#moments.of(`${name}.m`, w);
    const v = this.#moments.of(`${name}.v`, w);
    const attributes = {
      step: this.#step,
      lr,
      beta1,
      beta2,
      epsilon,
      weightDecay: w.rank >= 2 ? weightDecay : 0,
      clip: latent && clipLatent ? 1 : 0,
    };
    stepKernel({ gradient, w, m, v }, attributes);
  }

  /** The moments by name (`<parameter>.m`, `<parameter>.v`), for checkpoints. */
  state(): Map<string, Variable> {
    return this.#moments.named();
  }

  /** Continues from the moments and the number of steps of another Adam. */
  restore(state: ReadonlyMap<string, NamedTensor>, steps: number): void {
    this.#moments.restore(state);
    this.#step = steps;
  }

  dispose(): void {
    this.#moments.dispose();
  }
}

/** The recipe's `adam`. */
export const adam = defineOptimizer({
  name: 'adam',
  description: 'Adam, with weight decay added to the gradient',
  options: adamOptions,
  create: (options) => new Adam(options),
});

/** Moves the variables w, m and v along the gradient; no outputs. */
const stepKernel = composedKernel<AdamStepAttributes, Tensor[]>('AdamStep', (inputs, attributes) => {
  const { gradient } = inputs;
  const [w, m, v] = ['w', 'm', 'v'].map((name) => inputs[name] as Variable);
  const { step, lr, beta1, beta2, epsilon, weightDecay, clip } = attributes;
  const g = weightDecay > 0 ? add(gradient, mul(w, weightDecay)) : gradient;
  m.assign(add(mul(m, beta1), mul(g, 1 - beta1)));
  v.assign(add(mul(v, beta2), mul(square(g), 1 - beta2)));
  const direction = div(mul(m, 1 / (1 - beta1 ** step)), add(sqrt(mul(v, 1 / (1 - beta2 ** step))), epsilon));
  const moved = sub(w, mul(direction, lr));
  w.assign(clip > 0 ? clipByValue(moved, -clip, clip) : moved);
  return [];
});

import { mul, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { NamedTensor } from '../../files/safetensors.js';
import type { Parameter } from '../../nn/parameters.js';
import { defineOptimizer, type Optimizer } from '../optimizer.js';
import { completeOptions, type GivenOptions } from '../options.js';
import { Adam, adamOptions } from './adam.js';
import { weightDecay } from './shared-options.js';

/** The options of {@link Adam} with the same ranges and defaults, except weightDecay, whose default is 0.01. */
export const adamWOptions = {
  ...adamOptions,
  weightDecay: weightDecay.unwrap().default(0.01).describe(weightDecay.description!),
};

export type AdamWOptions = GivenOptions<typeof adamWOptions>;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019):
 *
 *   w ← w − η·λ·w,  then Adam's step along the gradient alone
 *
 * The decay is not divided by the deviation of the gradient, as it is where Adam adds it to the gradient. It moves
 * parameters of rank 2 and more only.
 */
export class AdamW implements Optimizer {
  readonly #adam: Adam;
  readonly #weightDecay: number;

  /** @throws InputError for an option out of its range */
  constructor(options: AdamWOptions = {}) {
    const { weightDecay, ...ofAdam } = completeOptions('AdamW', adamWOptions, options);
    this.#adam = new Adam(ofAdam);
    this.#weightDecay = weightDecay;
  }

  /** Begins the next step; every parameter may then be moved once. */
  beginStep(): void {
    this.#adam.beginStep();
  }

  /** Moves one parameter along its gradient. */
  move(parameter: Parameter, gradient: Tensor, lr: number): void {
    const { variable: w } = parameter;
    const kept = 1 - lr * this.#weightDecay;
    if (w.rank >= 2 && kept !== 1) tidy(() => w.assign(mul(w, kept)));
    this.#adam.move(parameter, gradient, lr);
  }

  /** The moments by name (`<parameter>.m`, `<parameter>.v`), for checkpoints. */
  state(): Map<string, Variable> {
    return this.#adam.state();
  }

  /** The number of steps begun. */
  get steps(): number {
    return this.#adam.steps;
  }

  /** Continues from the moments and the number of steps of another AdamW. */
  restore(state: ReadonlyMap<string, NamedTensor>, steps: number): void {
    this.#adam.restore(state, steps);
  }

  dispose(): void {
    this.#adam.dispose();
  }
}

/** The recipe's `adamw`. */
export const adamw = defineOptimizer({
  name: 'adamw',
  description: 'Adam with decoupled weight decay',
  options: adamWOptions,
  create: (options) => new AdamW(options),
});

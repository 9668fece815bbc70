import { mul, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { NamedTensor } from '../../files/safetensors.js';
import type { Parameter } from '../../nn/parameters.js';
import type { Optimizer } from '../optimizer.js';
import { Adam, type AdamOptions } from './adam.js';
import { checkAtLeastZero } from './option-checks.js';

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019):
 *
 *   w ← w − η·λ·w,  then Adam's step along the gradient alone
 *
 * The decay is not divided by the gradient's deviation, as it is where Adam adds it to the gradient. The options are those
 * of {@link Adam} with the same ranges and defaults, but weightDecay, the λ, whose default is 0.01; it moves parameters of
 * rank 2 and more only.
 */
export class AdamW implements Optimizer {
  readonly #adam: Adam;
  readonly #weightDecay: number;

  /** @throws InputError for a setting out of its range */
  constructor({ weightDecay = 0.01, ...options }: AdamOptions = {}) {
    checkAtLeastZero('AdamW', 'weightDecay', weightDecay);
    this.#adam = new Adam(options);
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

  /** Goes on from the moments and the number of steps of another one. */
  restore(state: ReadonlyMap<string, NamedTensor>, steps: number): void {
    this.#adam.restore(state, steps);
  }

  dispose(): void {
    this.#adam.dispose();
  }
}

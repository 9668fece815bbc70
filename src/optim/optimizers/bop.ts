import {
  add,
  greater,
  greaterEqual,
  mul,
  neg,
  type Tensor,
  tidy,
  type Variable,
  where,
} from '@tensorflow/tfjs-core';
import type { NamedTensor } from '../../files/safetensors.js';
import { numberIn } from '../../files/setting-types.js';
import type { Parameter } from '../../nn/parameters.js';
import { defineOptimizer, type Optimizer } from '../optimizer.js';
import { completeOptions, type GivenOptions } from '../options.js';
import { Adam } from './adam.js';
import { momentOptions, weightDecay } from './shared-options.js';
import { StateVariables } from './state-variables.js';

/** The options of Bop with ranges and defaults, and of the Adam that moves what is not binary (which clips nothing). */
export const bopOptions = {
  gamma: numberIn({ above: 0, to: 1 })
    .default(1e-4)
    .describe('Share of the new gradient in the mean of the gradients (γ)'),
  threshold: numberIn({ from: 0 })
    .default(1e-8)
    .describe('How large the mean of the gradients must be (τ) to flip a weight'),
  ...momentOptions,
  weightDecay,
};

export type BopOptions = GivenOptions<typeof bopOptions>;

/**
 * The binary optimizer (Helwegen et al. 2019, "Latent weights do not exist"): a binary weight has no magnitude to move; it
 * flips when the moving average m of its gradients is larger than τ and has the sign of the weight.
 *
 *   m ← m + γ(g − m),  w ← −w where sign(w)·m > τ  (sign(0) = +1)
 *
 * This moves the parameters that are `latent`. Their magnitudes stay, and with them the scales α = mean |w| of the
 * convolution; with w = ±1 the rule is the paper's w·m > τ. The learning rate does not enter. m starts at 0.
 * {@link Adam} moves all other parameters, with the learning rate and its own options; weight decay does not touch binary
 * weights. Bop is for networks with binary weights: of latent weights that are used as floats it would change the signs
 * alone.
 */
export class Bop implements Optimizer {
  readonly #adam: Adam;
  readonly #gamma: number;
  readonly #threshold: number;
  readonly #averages = new StateVariables();

  /** @throws InputError for an option out of its range */
  constructor(options: BopOptions = {}) {
    const { gamma, threshold, ...ofAdam } = completeOptions('Bop', bopOptions, options);
    this.#gamma = gamma;
    this.#threshold = threshold;
    this.#adam = new Adam(ofAdam);
  }

  /** Begins the next step; every parameter may then be moved once. */
  beginStep(): void {
    this.#adam.beginStep();
  }

  /** Moves one parameter along its gradient; `lr` is that of Adam. */
  move(parameter: Parameter, gradient: Tensor, lr: number): void {
    if (!parameter.latent) {
      this.#adam.move(parameter, gradient, lr);
      return;
    }
    const { name, variable: w } = parameter;
    tidy(() => {
      const m = this.#averages.of(`${name}.average`, w);
      m.assign(add(mul(m, 1 - this.#gamma), mul(gradient, this.#gamma)));
      const alongSign = where(greaterEqual(w, 0), m, neg(m));
      w.assign(where(greater(alongSign, this.#threshold), neg(w), w));
    });
  }

  /** Adam's moments and the averages of the binary weights (`<parameter>.average`) by name, for checkpoints. */
  state(): Map<string, Variable> {
    return new Map([...this.#adam.state(), ...this.#averages.named()]);
  }

  /** The number of steps begun. */
  get steps(): number {
    return this.#adam.steps;
  }

  /** Continues from the state and the number of steps of another Bop. */
  restore(state: ReadonlyMap<string, NamedTensor>, steps: number): void {
    const isAverage = ([name]: [string, NamedTensor]): boolean => name.endsWith('.average');
    this.#averages.restore(new Map([...state].filter(isAverage)));
    this.#adam.restore(new Map([...state].filter((entry) => !isAverage(entry))), steps);
  }

  dispose(): void {
    this.#adam.dispose();
    this.#averages.dispose();
  }
}

/** The recipe's `bop`. */
export const bop = defineOptimizer({
  name: 'bop',
  description: 'Bop for binary weights, which flips them; Adam for all other tensors',
  options: bopOptions,
  onlyBinaryWeights: true,
  create: (options) => new Bop(options),
});

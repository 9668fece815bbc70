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
import { InputError } from '../../errors.js';
import type { NamedTensor } from '../../files/safetensors.js';
import type { Parameter } from '../../nn/parameters.js';
import type { Optimizer } from '../optimizer.js';
import { Adam, type AdamOptions } from './adam.js';
import { checkAtLeastZero } from './option-checks.js';
import { StateVariables } from './state-variables.js';

/** Settings of Bop, and of the Adam that moves what is not binary (which clips nothing). */
export interface BopOptions extends Omit<AdamOptions, 'clipLatent'> {
  /** γ in (0, 1]: how fast the average of gradients forgets; default 1e-4. */
  readonly gamma?: number;
  /** τ, at least 0: how strong that average must be to flip a weight; default 1e-8. */
  readonly threshold?: number;
}

/**
 * The binary optimizer (Helwegen et al. 2019, "Latent weights do not exist"): binary weights have no rate and no
 * magnitude to move, they flip where the average of their gradients has been strong enough for long enough.
 *
 *   m ← m + γ(g − m),  w ← −w where sign(w)·m > τ  (sign(0) = +1)
 *
 * It moves parameters that are `latent`; their magnitudes stay as they are, and with them the scales α = mean |w| of the
 * convolution, so that with w = ±1 this is the paper's w·m > τ. The learning rate does not enter. m starts at 0.
 * Everything else is moved by {@link Adam} with the learning rate and the options of AdamOptions; weight decay does not
 * touch binary weights. It is for networks whose weights are binary: where a stage trains latent weights as floats it
 * would change nothing but their signs.
 */
export class Bop implements Optimizer {
  readonly #adam: Adam;
  readonly #gamma: number;
  readonly #threshold: number;
  readonly #averages = new StateVariables();

  /** @throws InputError for a setting out of its range */
  constructor({ gamma = 1e-4, threshold = 1e-8, ...adam }: BopOptions = {}) {
    if (!(gamma > 0 && gamma <= 1)) throw new InputError(`Bop's gamma must be in (0, 1], got ${gamma}.`);
    checkAtLeastZero('Bop', 'threshold', threshold);
    this.#gamma = gamma;
    this.#threshold = threshold;
    this.#adam = new Adam(adam);
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

  /** Goes on from the state and the number of steps of another one. */
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

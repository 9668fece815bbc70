import { add, clipByValue, mul, sub, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { InputError } from '../../errors.js';
import type { NamedTensor } from '../../files/safetensors.js';
import { numberIn, toggle } from '../../files/setting-types.js';
import type { Parameter } from '../../nn/parameters.js';
import { defineOptimizer, type Optimizer } from '../optimizer.js';
import { type CompleteOptions, completeOptions, type GivenOptions } from '../options.js';
import { clipLatent, weightDecay } from './shared-options.js';
import { StateVariables } from './state-variables.js';

/** The options of stochastic gradient descent with ranges and defaults. */
export const sgdOptions = {
  momentum: numberIn({ from: 0, below: 1 })
    .default(0.9)
    .describe('Share of the old velocity (μ); 0 for no velocity'),
  nesterov: toggle().default(false).describe('Look ahead by one step of the momentum, as Nesterov'),
  weightDecay,
  clipLatent,
};

export type SGDOptions = GivenOptions<typeof sgdOptions>;

/**
 * Stochastic gradient descent with momentum (Sutskever et al. 2013, in the form of PyTorch, where the learning rate is not
 * part of the velocity):
 *
 *   g ← g + λw,  v ← μv + g,  w ← w − η·v, or w ← w − η·(g + μv) with `nesterov`
 *
 * v starts at 0. Weight decay λ is for parameters of rank 2 and more only.
 */
export class SGD implements Optimizer {
  readonly #options: CompleteOptions<typeof sgdOptions>;
  readonly #velocities = new StateVariables();

  /** @throws InputError for an option out of its range, or `nesterov` without momentum */
  constructor(options: SGDOptions = {}) {
    this.#options = completeOptions('SGD', sgdOptions, options);
    const { momentum, nesterov } = this.#options;
    if (nesterov && momentum === 0)
      throw new InputError("SGD's nesterov looks ahead by the momentum, which is 0; expected it above 0.");
  }

  /** Begins the next step; every parameter may then be moved once. */
  beginStep(): void {
    // The step number does not enter the formula.
  }

  /** Moves one parameter along its gradient. */
  move({ name, variable: w, latent }: Parameter, gradient: Tensor, lr: number): void {
    const { weightDecay, clipLatent } = this.#options;
    tidy(() => {
      const g = weightDecay > 0 && w.rank >= 2 ? add(gradient, mul(w, weightDecay)) : gradient;
      const moved = sub(w, mul(this.#direction(name, w, g), lr));
      w.assign(latent && clipLatent ? clipByValue(moved, -1, 1) : moved);
    });
  }

  #direction(name: string, w: Variable, g: Tensor): Tensor {
    const { momentum, nesterov } = this.#options;
    if (momentum === 0) return g;
    const v = this.#velocities.of(`${name}.velocity`, w);
    v.assign(add(mul(v, momentum), g));
    return nesterov ? add(g, mul(v, momentum)) : v;
  }

  /** The velocities by name (`<parameter>.velocity`), for checkpoints; none without momentum. */
  state(): Map<string, Variable> {
    return this.#velocities.named();
  }

  /** Always 0: the step number does not enter the formula. */
  readonly steps = 0;

  /** Continues from the velocities of another SGD. */
  restore(state: ReadonlyMap<string, NamedTensor>): void {
    this.#velocities.restore(state);
  }

  dispose(): void {
    this.#velocities.dispose();
  }
}

/** The recipe's `sgd`. */
export const sgd = defineOptimizer({
  name: 'sgd',
  description: 'Stochastic gradient descent with momentum',
  options: sgdOptions,
  create: (options) => new SGD(options),
});

import { add, clipByValue, mul, sub, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { InputError } from '../../errors.js';
import type { NamedTensor } from '../../files/safetensors.js';
import type { Parameter } from '../../nn/parameters.js';
import type { Optimizer } from '../optimizer.js';
import { checkAtLeastZero } from './option-checks.js';
import { StateVariables } from './state-variables.js';

/** Settings of stochastic gradient descent. */
export interface SGDOptions {
  /** μ in [0, 1); default 0.9. With 0 nothing is remembered between steps. */
  readonly momentum?: number;
  /** Look ahead by one step of the momentum (Nesterov); default false. Needs a momentum. */
  readonly nesterov?: boolean;
  /** λ: weightDecay·w is added to the gradient, for parameters of rank 2 and more only; from 0, default 0. */
  readonly weightDecay?: number;
  /** Clip latent weights to [−1, 1] after each step; default false. */
  readonly clipLatent?: boolean;
}

/**
 * Stochastic gradient descent with momentum (Sutskever et al. 2013, in the form of PyTorch, whose velocity does not hold
 * the learning rate):
 *
 *   g ← g + λw,  v ← μv + g,  w ← w − η·v, or w ← w − η·(g + μv) with `nesterov`
 *
 * v starts at 0.
 */
export class SGD implements Optimizer {
  readonly #options: Required<SGDOptions>;
  readonly #velocities = new StateVariables();

  /** @throws InputError for a setting out of its range, or `nesterov` without a momentum */
  constructor({ momentum = 0.9, nesterov = false, weightDecay = 0, clipLatent = false }: SGDOptions = {}) {
    if (!(momentum >= 0 && momentum < 1)) {
      throw new InputError(`SGD's momentum must be in [0, 1), got ${momentum}.`);
    }
    if (nesterov && momentum === 0) {
      throw new InputError(`SGD's nesterov looks ahead by the momentum, which is 0; expected it above 0.`);
    }
    checkAtLeastZero('SGD', 'weightDecay', weightDecay);
    this.#options = { momentum, nesterov, weightDecay, clipLatent };
  }

  /** Begins the next step; every parameter may then be moved once. */
  beginStep(): void {
    // No step differs from another.
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

  /** Always 0: no step differs from another. */
  readonly steps = 0;

  /** Goes on from the velocities of another one. */
  restore(state: ReadonlyMap<string, NamedTensor>): void {
    this.#velocities.restore(state);
  }

  dispose(): void {
    this.#velocities.dispose();
  }
}

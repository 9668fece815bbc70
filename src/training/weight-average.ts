import { add, mul, type Tensor, tidy, variable, type Variable, zerosLike } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import type { NamedTensor } from '../files/safetensors.js';
import { assignAll } from './training-state.js';

/** Settings of a {@link WeightAverage}. */
export interface WeightAverageOptions {
  /** d in (0, 1): the average spans about 1 / (1 − d) updates; 0.999 is usual. */
  readonly decay: number;
}

/** What is averaged: a network's parameters and buffers by name, as in a `ParameterStore`. */
export interface AveragedTensors {
  named(): Map<string, Variable>;
}

/**
 * The exponential moving average of a network's tensors during training, which is evaluated instead of the
 * last ones (Polyak and Juditsky 1992; Tarvainen and Valpola 2017). After n updates with the tensors w₁ … wₙ
 * it is
 *
 *   a = (1 − d) Σᵢ dⁿ⁻ⁱ wᵢ / (1 − dⁿ)
 *
 * The division corrects the start as in Adam: the weights before the first update have no influence.
 * Parameters and running statistics are averaged alike. Binary convolutions use the signs of averaged latent
 * weights. For statistics of the averaged network itself call `reestimateBatchNorm` after {@link apply};
 * {@link restore} undoes that too.
 */
export class WeightAverage {
  readonly #decay: number;
  readonly #tensors: readonly { name: string; live: Variable; average: Variable }[];
  #updates = 0;
  #replaced: Tensor[] | undefined;

  /** @throws InputError for a decay out of its range */
  constructor(network: AveragedTensors, { decay }: WeightAverageOptions) {
    if (!(decay > 0 && decay < 1)) {
      throw new InputError(`the decay of the weights' average must be above 0 and below 1, got ${decay}.`);
    }
    this.#decay = decay;
    this.#tensors = [...network.named()].map(([name, live]) => ({
      name,
      live,
      average: tidy(() => variable(zerosLike(live), false)),
    }));
  }

  /** Whether the network's tensors are the averages now. */
  get applied(): boolean {
    return this.#replaced !== undefined;
  }

  /** Adds the current tensors to the average; to be called after each step of the optimizer. */
  update(): void {
    if (this.applied) throw new Error('the average is applied; restore the weights before training on');
    this.#updates++;
    const d = this.#decay;
    const taken = (1 - d) / (1 - d ** this.#updates);
    tidy(() => {
      for (const { live, average } of this.#tensors) {
        average.assign(add(mul(average, 1 - taken), mul(live, taken)));
      }
    });
  }

  /**
   * Replaces the network's tensors by the averages and keeps them for {@link restore}. It does nothing before
   * the first update, and if the averages are applied already.
   */
  apply(): void {
    if (this.applied || this.#updates === 0) return;
    this.#replaced = this.#tensors.map(({ live, average }) => {
      const before = copyOf(live);
      assignCopy(live, average);
      return before;
    });
  }

  /**
   * Restores the network's tensors as they were before {@link apply}. It does nothing if that was not called.
   */
  restore(): void {
    this.#replaced?.forEach((before, i) => {
      assignCopy(this.#tensors[i].live, before);
      before.dispose();
    });
    this.#replaced = undefined;
  }

  /** The averages by name, for checkpoints. */
  state(): Map<string, Variable> {
    return new Map(this.#tensors.map(({ name, average }) => [name, average]));
  }

  /** The number of updates. */
  get updates(): number {
    return this.#updates;
  }

  /** Continues from the averages and the number of updates of a checkpoint. */
  restoreState(state: ReadonlyMap<string, NamedTensor>, updates: number): void {
    assignAll(this.state(), state);
    this.#updates = updates;
  }

  /** Frees the averages and the tensors kept by {@link apply}. The network keeps the tensors that it has. */
  dispose(): void {
    for (const { average } of this.#tensors) average.dispose();
    this.#replaced?.forEach((tensor) => tensor.dispose());
    this.#replaced = undefined;
  }
}

/** A copy with its own memory: kernels change variables in place. */
function copyOf(tensor: Tensor): Tensor {
  return mul(tensor, 1);
}

function assignCopy(variable: Variable, tensor: Tensor): void {
  tidy(() => variable.assign(copyOf(tensor)));
}

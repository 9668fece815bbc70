import { add, mul, type Tensor, tidy, variable, type Variable, zerosLike } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import type { NamedTensor } from '../files/safetensors.js';
import { assignAll } from './training-state.js';

/** Settings of a {@link WeightAverage}. */
export interface WeightAverageOptions {
  /** d in (0, 1): the average reaches back over some 1 / (1 − d) updates; 0.999 is usual. */
  readonly decay: number;
}

/** What is averaged: a network's parameters and buffers by name, as a `ParameterStore` has them. */
export interface AveragedTensors {
  named(): Map<string, Variable>;
}

/**
 * The exponential moving average of a network's tensors over training, to be evaluated in place of the last ones (Polyak
 * and Juditsky 1992; Tarvainen and Valpola 2017). After n updates with the tensors w₁ … wₙ it is
 *
 *   a = (1 − d) Σᵢ dⁿ⁻ⁱ wᵢ / (1 − dⁿ)
 *
 * The division is Adam's correction of the start: the weights before the first update have no part in it. Parameters and
 * running statistics are averaged alike; of latent weights the network sees the sign of the average. For statistics of the
 * averaged network itself use `reestimateBatchNorm` after {@link apply}; {@link restore} brings the old ones back too.
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

  /** Whether the averages stand in for the network's tensors. */
  get applied(): boolean {
    return this.#replaced !== undefined;
  }

  /** Takes the tensors as they are into the average; after each step of the optimizer. */
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
   * Puts the averages in the place of the network's tensors, which are kept for {@link restore}. Before the first update
   * and when it is applied already it does nothing.
   */
  apply(): void {
    if (this.applied || this.#updates === 0) return;
    this.#replaced = this.#tensors.map(({ live, average }) => {
      const before = copyOf(live);
      assignCopy(live, average);
      return before;
    });
  }

  /** Puts the network's tensors back as they were before {@link apply}; does nothing when it is not applied. */
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

  /** Goes on from the averages and the number of updates of another one of the same network. */
  restoreState(state: ReadonlyMap<string, NamedTensor>, updates: number): void {
    assignAll(this.state(), state);
    this.#updates = updates;
  }

  /** Lets go of the averages; the network keeps the tensors that it has, and those kept by {@link apply} are lost. */
  dispose(): void {
    for (const { average } of this.#tensors) average.dispose();
    this.#replaced?.forEach((tensor) => tensor.dispose());
    this.#replaced = undefined;
  }
}

/** The values in memory of their own: kernels write variables in place. */
function copyOf(tensor: Tensor): Tensor {
  return mul(tensor, 1);
}

function assignCopy(variable: Variable, tensor: Tensor): void {
  tidy(() => variable.assign(copyOf(tensor)));
}

import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { LossState } from '../losses/loss.js';
import { type LossSetting, optionValues } from '../losses/loss-settings.js';
import { isWeighed, lossWeightAt } from '../losses/loss-weight.js';
import { lossOf } from '../losses/registry.js';
import type { Network } from '../models/network.js';

/** A variable of a loss's state. */
interface StateVariable {
  readonly setting: LossSetting;
  readonly state: LossState;
  readonly name: string;
  readonly variable: Variable;
}

/**
 * The states of losses that learn something besides the student, such as centres; a loss without a weight has
 * none.
 */
export class LossStates {
  readonly #states = new Map<string, LossState>();
  readonly #variables = new Map<number, StateVariable>();
  readonly #named = new Map<string, Variable>();

  constructor(losses: readonly LossSetting[], student: Network) {
    const { classes, store } = student;
    const size = { classes, width: student.channelsOf(student.levels), seed: store.seed };
    for (const setting of losses) {
      const { state: factory } = lossOf(setting.name);
      if (!isWeighed(setting.weight) || !factory) continue;
      const state = factory.create(size, optionValues(setting));
      this.#states.set(setting.name, state);
      const { prefix = `losses.${setting.name}.` } = factory;
      for (const [name, variable] of state.variables) {
        this.#variables.set(variable.id, { setting, state, name, variable });
        this.#named.set(prefix + name, variable);
      }
    }
  }

  /** The state of a loss; undefined if it has none. */
  of(loss: string): LossState | undefined {
    return this.#states.get(loss);
  }

  get variables(): Variable[] {
    return [...this.#variables.values()].map(({ variable }) => variable);
  }

  /** The variables by their names in checkpoints. */
  named(): ReadonlyMap<string, Variable> {
    return this.#named;
  }

  /**
   * Moves a variable if it belongs to a state.
   *
   * @param gradient of the weighted sum of the losses; the caller keeps it
   * @param share of the stage that is over, which determines the weight of the loss
   * @returns whether it belongs to one
   */
  move({ id }: Variable, gradient: Tensor, share: number): boolean {
    const found = this.#variables.get(id);
    found?.state.move(gradient, lossWeightAt(found.setting.weight, share), found.name);
    return found !== undefined;
  }

  dispose(): void {
    for (const state of this.#states.values()) state.dispose();
  }
}

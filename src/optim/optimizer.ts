import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { NamedTensor } from '../files/safetensors.js';
import type { Parameter } from '../nn/parameters.js';
import type { GivenOptions, OptionTypes } from './options.js';

/**
 * What moves parameters along their gradients. A step is {@link beginStep}, then {@link move} once for each parameter that
 * has a gradient, in any order.
 */
export interface Optimizer {
  /** Begins the next step. */
  beginStep(): void;
  /**
   * Moves one parameter.
   *
   * @param gradient of the parameter's shape; it stays the caller's
   * @param lr the learning rate of this step, at least 0
   */
  move(parameter: Parameter, gradient: Tensor, lr: number): void;
  /** What it remembers between steps by name (`<parameter>.<what>`), for checkpoints. */
  state(): Map<string, Variable>;
  /** The number of steps begun, if the step number enters the formula; else 0. */
  readonly steps: number;
  /** Continues from the state and the number of steps of another optimizer of this kind. */
  restore(state: ReadonlyMap<string, NamedTensor>, steps: number): void;
  /** Frees what it remembers. */
  dispose(): void;
}

/** An optimizer that recipes can name. All that recipes, checks and the documentation know of it stands here. */
export interface OptimizerDefinition<Name extends string = string, Types extends OptionTypes = OptionTypes> {
  /** In recipes: `optimizer: { name: … }`. */
  readonly name: Name;
  /** One sentence. */
  readonly description: string;
  /** The options beside the learning rate. */
  readonly options: Types;
  /** Whether it is for networks with binary weights only; default false. */
  readonly onlyBinaryWeights?: boolean;
  /** @throws InputError for options out of their range, or that cannot be together */
  create(options: GivenOptions<Types>): Optimizer;
}

/** The definition as it is, with the types of its name and its options. */
export function defineOptimizer<const Name extends string, Types extends OptionTypes>(
  definition: OptimizerDefinition<Name, Types>,
): OptimizerDefinition<Name, Types> {
  return definition;
}

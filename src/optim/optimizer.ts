import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import type { NamedTensor } from '../files/safetensors.js';
import { nearestNames } from '../nearest.js';
import type { Parameter } from '../nn/parameters.js';
import { unknownName } from '../unknown-name.js';
import { Adam, type AdamOptions } from './optimizers/adam.js';
import { AdamW } from './optimizers/adamw.js';
import { Bop, type BopOptions } from './optimizers/bop.js';
import { SGD, type SGDOptions } from './optimizers/sgd.js';

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
  /** The number of steps begun, where they count; else 0. */
  readonly steps: number;
  /** Goes on from a state and a number of steps that another one had. */
  restore(state: ReadonlyMap<string, NamedTensor>, steps: number): void;
  /** Lets go of what it remembers. */
  dispose(): void;
}

/** The options that each optimizer takes. */
const optionsOf = {
  adam: ['beta1', 'beta2', 'epsilon', 'weightDecay', 'clipLatent'],
  adamw: ['beta1', 'beta2', 'epsilon', 'weightDecay', 'clipLatent'],
  sgd: ['momentum', 'nesterov', 'weightDecay', 'clipLatent'],
  bop: ['gamma', 'threshold', 'beta1', 'beta2', 'epsilon', 'weightDecay'],
} as const;

/** `adam`, `adamw`, `sgd` (with momentum) or `bop` (binary weights by Bop, the rest by Adam). */
export type OptimizerName = keyof typeof optionsOf;

/** Every {@link OptimizerName}. */
export const optimizerNames = Object.keys(optionsOf) as readonly OptimizerName[];

/** Settings of an optimizer. Ranges and defaults are those of {@link Adam}, {@link AdamW}, {@link SGD} and {@link Bop}. */
export interface OptimizerSettings extends AdamOptions, SGDOptions, BopOptions {
  /** Default `adam`. */
  readonly name?: OptimizerName;
}

/**
 * Makes an optimizer by name. Weight decay moves tensors of rank 2 and more only: never BatchNorm, bias or PReLU.
 *
 * @throws InputError for an unknown name, an option that the optimizer does not take, or a value out of its range
 */
export function createOptimizer({ name = 'adam', ...options }: OptimizerSettings): Optimizer {
  if (!Object.hasOwn(optionsOf, name)) throw unknownName('optimizer', name, optimizerNames);
  const taken: readonly string[] = optionsOf[name];
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const stranger = given.map(([option]) => option).find((option) => !taken.includes(option));
  if (stranger !== undefined) {
    throw new InputError(
      `the optimizer '${name}' does not take the option '${stranger}'; it takes ${taken.join(', ')}.`,
      { nearest: nearestNames(stranger, taken), fix: `leave ${stranger} out, or choose another optimizer` },
    );
  }
  switch (name) {
    case 'adam':
      return new Adam(options);
    case 'adamw':
      return new AdamW(options);
    case 'sgd':
      return new SGD(options);
    case 'bop':
      return new Bop(options);
  }
}

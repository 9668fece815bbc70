import { unknownName } from '../../unknown-name.js';
import type { Optimizer, OptimizerDefinition } from '../optimizer.js';
import { checkTaken, type OptionsOfAny } from '../options.js';
import { adam } from './adam.js';
import { adamw } from './adamw.js';
import { bop } from './bop.js';
import { sgd } from './sgd.js';

/** Every optimizer that recipes can name. */
export const optimizers = [adam, adamw, sgd, bop] as const;

/** `adam`, `adamw`, `sgd` (with momentum) or `bop` (binary weights by Bop, the rest by Adam). */
export type OptimizerName = (typeof optimizers)[number]['name'];

/** Every {@link OptimizerName}. */
export const optimizerNames: readonly OptimizerName[] = optimizers.map(({ name }) => name);

const defaultName: OptimizerName = 'adam';

/** Settings of an optimizer: its name, default `adam`, and options of it. */
export type OptimizerSettings = { readonly name?: OptimizerName } & OptionsOfAny<typeof optimizers>;

/**
 * Makes an optimizer by name. Weight decay moves tensors of rank 2 and more only: never BatchNorm, bias or PReLU.
 *
 * @throws InputError for an unknown name, an option that the optimizer does not take, or a value out of its range
 */
export function createOptimizer({ name = defaultName, ...options }: OptimizerSettings): Optimizer {
  const definition = optimizerOf(name);
  checkTaken('optimizer', definition, optimizers, options);
  return definition.create(options);
}

/**
 * The definition of an optimizer.
 *
 * @param name default `adam`
 * @throws InputError for an unknown name
 */
export function optimizerOf(name: string = defaultName): OptimizerDefinition {
  const known: readonly OptimizerDefinition[] = optimizers;
  const found = known.find((one) => one.name === name);
  if (found) return found;
  throw unknownName('optimizer', name, optimizerNames);
}

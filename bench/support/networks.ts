import { InputError } from '../../src/errors.js';
import { type ResNetDepth, binaryResNetDepths } from '../../src/models/depths.js';
import { oneOf } from './flags.js';

/** The networks on which the benches compare: their students are called bnn-<name>. */
export const benchNetworks = ['resnet20', 'resnet18'] as const;
export type BenchNetwork = (typeof benchNetworks)[number];

/** The batch sizes at which the networks are compared. */
export const benchBatches: Readonly<Record<BenchNetwork, number>> = { resnet20: 128, resnet18: 64 };

export function depthOf(net: BenchNetwork): ResNetDepth {
  return binaryResNetDepths[`bnn-${net}`];
}

/** @throws InputError for an unknown name, or when none is given */
export function networksOf(flag: string, text: string): BenchNetwork[] {
  if (text === '')
    throw new InputError(`${flag} names no network; expected some of ${benchNetworks.join(',')}.`);
  return text.split(',').map((name) => oneOf(flag, name, benchNetworks));
}

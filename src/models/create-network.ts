import { unknownName } from '../unknown-name.js';
import { BinaryResNet, type BinaryResNetOptions } from './bnn-resnet.js';
import { binaryResNetDepths, type ResNetDepth, resNetDepths } from './depths.js';
import type { Network } from './network.js';
import { ResNet, type ResNetOptions } from './resnet.js';

/** The names of the binary networks that {@link createNetwork} makes. */
export const studentNames: readonly string[] = Object.keys(binaryResNetDepths);
/** Those of the full-precision networks. */
export const fullPrecisionNames: readonly string[] = Object.keys(resNetDepths);
/** Those of both. */
export const networkNames: readonly string[] = [...studentNames, ...fullPrecisionNames];

/** Whether a network of this name has no binary layers. */
export function isFullPrecision(name: string): boolean {
  return fullPrecisionNames.includes(name);
}

/** Settings of a network; those of the other family are not used. */
export type AnyNetworkOptions = BinaryResNetOptions & ResNetOptions;

/**
 * Makes a network by name.
 *
 * @throws InputError for an unknown name, or an unknown value of a setting
 */
export function createNetwork(name: string, options: AnyNetworkOptions): Network {
  if (isFullPrecision(name)) return new ResNet(name, depthOf(resNetDepths, name), options);
  return createStudent(name, options);
}

/**
 * Makes a binary network by name.
 *
 * @throws InputError for an unknown name, or an unknown value of a setting
 */
export function createStudent(name: string, options: BinaryResNetOptions): BinaryResNet {
  if (!studentNames.includes(name)) throw unknownName('student', name, studentNames, '--student');
  return new BinaryResNet(name, depthOf(binaryResNetDepths, name), options);
}

function depthOf(depths: Readonly<Record<string, ResNetDepth>>, name: string): ResNetDepth {
  return depths[name];
}

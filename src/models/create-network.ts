import { unknownName } from '../unknown-name.js';
import { BinaryResNet, type BinaryResNetOptions } from './bnn-resnet.js';
import { binaryResNetDepths, type ResNetDepth, resNetDepths, vggSmallDepth } from './depths.js';
import type { Network } from './network.js';
import { ResNet, type ResNetOptions } from './resnet.js';
import { VggSmall } from './vgg-small.js';

const binaryDepths = new Map<string, ResNetDepth>(Object.entries(binaryResNetDepths));
const fullPrecisionDepths = new Map<string, ResNetDepth>(Object.entries(resNetDepths));

/** The names of the binary ResNets. */
export const binaryResNetNames: readonly string[] = Object.keys(binaryResNetDepths);
/** The names of the binary networks that {@link createNetwork} makes. */
export const studentNames: readonly string[] = [...binaryResNetNames, 'bnn-vgg-small'];
/** The names of the full-precision networks that {@link createNetwork} makes. */
export const fullPrecisionNames: readonly string[] = [...Object.keys(resNetDepths), 'vgg-small'];
/** All names that {@link createNetwork} takes. */
export const networkNames: readonly string[] = [...studentNames, ...fullPrecisionNames];

/** Whether a network of this name has no binary layers. */
export function isFullPrecision(name: string): boolean {
  return fullPrecisionNames.includes(name);
}

/** Whether a network of this name is a VGG-small, which has no blocks. */
export function isVggSmall(name: string): boolean {
  return name === 'vgg-small' || name === 'bnn-vgg-small';
}

/** Settings of a network. Those of the other family are ignored. */
export type AnyNetworkOptions = BinaryResNetOptions & ResNetOptions;

/**
 * Makes a network by name.
 *
 * @throws InputError for an unknown name, or an unknown value of a setting
 */
export function createNetwork(name: string, options: AnyNetworkOptions): Network {
  if (isVggSmall(name)) return new VggSmall(name, vggSmallDepth, !isFullPrecision(name), options);
  const depth = fullPrecisionDepths.get(name);
  if (depth) return new ResNet(name, depth, options);
  if (!studentNames.includes(name)) throw unknownName('network', name, networkNames);
  return createStudent(name, options);
}

/**
 * Makes a binary ResNet by name.
 *
 * @throws InputError for an unknown name, or an unknown value of a setting
 */
export function createStudent(name: string, options: BinaryResNetOptions): BinaryResNet {
  const depth = binaryDepthOf(name);
  if (!depth) throw unknownName('binary ResNet', name, binaryResNetNames);
  return new BinaryResNet(name, depth, options);
}

/** The depth of the binary ResNet of this name; undefined for any other name. */
export function binaryDepthOf(name: string): ResNetDepth | undefined {
  return binaryDepths.get(name);
}

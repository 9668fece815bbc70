import { unknownName } from '../unknown-name.js';
import { BinaryResNet, type BinaryResNetOptions } from './bnn-resnet.js';
import { binaryResNetDepths, type ResNetDepth, resNetDepths, vggSmallDepth } from './depths.js';
import type { Network } from './network.js';
import { ResNet, type ResNetOptions } from './resnet.js';
import { VggSmall } from './vgg-small.js';

/** The names of the binary ResNets. */
export const binaryResNetNames: readonly string[] = Object.keys(binaryResNetDepths);
/** The names of the binary networks that {@link createNetwork} makes. */
export const studentNames: readonly string[] = [...binaryResNetNames, 'bnn-vgg-small'];
/** Those of the full-precision networks. */
export const fullPrecisionNames: readonly string[] = [...Object.keys(resNetDepths), 'vgg-small'];
/** Those of both. */
export const networkNames: readonly string[] = [...studentNames, ...fullPrecisionNames];

/** Whether a network of this name has no binary layers. */
export function isFullPrecision(name: string): boolean {
  return fullPrecisionNames.includes(name);
}

/** Whether a network of this name is a VGG-small, which has no blocks of a chosen structure. */
export function isVggSmall(name: string): boolean {
  return name === 'vgg-small' || name === 'bnn-vgg-small';
}

/** Settings of a network; those of the other family are not used. */
export type AnyNetworkOptions = BinaryResNetOptions & ResNetOptions;

/**
 * Makes a network by name.
 *
 * @throws InputError for an unknown name, or an unknown value of a setting
 */
export function createNetwork(name: string, options: AnyNetworkOptions): Network {
  if (isVggSmall(name)) return new VggSmall(name, vggSmallDepth, !isFullPrecision(name), options);
  if (isFullPrecision(name)) return new ResNet(name, depthOf(resNetDepths, name), options);
  if (!studentNames.includes(name)) throw unknownName('network', name, networkNames, '--student');
  return createStudent(name, options);
}

/**
 * Makes a binary ResNet by name.
 *
 * @throws InputError for an unknown name, or an unknown value of a setting
 */
export function createStudent(name: string, options: BinaryResNetOptions): BinaryResNet {
  if (!binaryResNetNames.includes(name))
    throw unknownName('binary ResNet', name, binaryResNetNames, '--student');
  return new BinaryResNet(name, depthOf(binaryResNetDepths, name), options);
}

/** The depth of the binary ResNet of this name; undefined for any other name. */
export function binaryDepthOf(name: string): ResNetDepth | undefined {
  return binaryResNetNames.includes(name) ? depthOf(binaryResNetDepths, name) : undefined;
}

function depthOf(depths: Readonly<Record<string, ResNetDepth>>, name: string): ResNetDepth {
  return depths[name];
}

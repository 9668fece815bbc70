import { InputError } from '../errors.js';
import { attentionFactory, noAttention } from '../nn/attention/registry.js';
import { type SkipName, skipNames } from '../nn/blocks/block.js';
import { blockFactory, defaultBlock, isOwnBlock } from '../nn/blocks/registry.js';
import { endLayerNames, type EndLayer } from '../nn/end-layers.js';
import { defaultDownsample, type DownsampleName, downsampleNames } from '../nn/downsample.js';
import { checkedName, unknownName } from '../unknown-name.js';
import type { ResNetDepth } from './depths.js';

/** What of a binary network may be chosen beside its name. */
export interface Structure {
  /**
   * The block of the body: one of the orders `binary`, `biReal`, `reActNet`, `realToBinary`, or one that was registered; of
   * bottlenecks `binary` alone.
   */
  readonly block: string;
  /** Whether each binary convolution has a skip of its own (`double`), or two share one (`single`); see {@link SkipName}. */
  readonly skip: SkipName;
  /** The version of the shortcuts that change the shape: `v1`, `v2` or `v3`; see `Downsample`. */
  readonly downsample: DownsampleName;
  /** What is multiplied onto each binary convolution's output: `none`, `se`, `gate`, `cgd`, `cbam`, `bam`, or one that was registered. */
  readonly attention: string;
  /** The factor of the channels of each level; they must stay whole. */
  readonly width: number;
  /** Groups of each binary convolution, as of `ConvGeometry`; they must divide the channels of each level. */
  readonly groups: number;
  /** The weights of the stem's convolution; see `firstConv`. */
  readonly firstLayer: EndLayer;
  /** Weights and input of the classifier; see `BinaryLinear`. */
  readonly lastLayer: EndLayer;
}

/** A network that says nothing of it. */
export const defaultStructure: Structure = {
  block: defaultBlock,
  skip: 'double',
  downsample: defaultDownsample,
  attention: noAttention,
  width: 1,
  groups: 1,
  firstLayer: 'float',
  lastLayer: 'float',
};

/** The keys of a structure. */
export const structureKeys = Object.keys(defaultStructure) as readonly (keyof Structure)[];

/**
 * The structure with its defaults.
 *
 * @throws InputError for an unknown name, or what cannot be together
 */
export function checkedStructure(partial: Partial<Structure>): Structure {
  const structure = { ...defaultStructure, ...partial };
  const { block, skip, downsample, attention, width, groups, firstLayer, lastLayer } = structure;
  blockFactory(block);
  attentionFactory(attention);
  if (!skipNames.includes(skip)) throw unknownName('skip', skip, skipNames);
  if (!downsampleNames.includes(downsample)) throw unknownName('downsampling', downsample, downsampleNames);
  if (!(width > 0 && Number.isFinite(width)))
    throw new InputError(`the width must be a finite number above 0, got ${width}.`);
  if (!(Number.isInteger(groups) && groups >= 1))
    throw new InputError(`the groups must be a whole number of at least 1, got ${groups}.`);
  checkedName('the first layer is', firstLayer, endLayerNames);
  checkedName('the last layer is', lastLayer, endLayerNames);
  if (!isOwnBlock(block) && (skip !== defaultStructure.skip || attention !== noAttention || groups > 1))
    throw new InputError(
      `the block '${block}' is not of this package, and skip '${skip}', attention '${attention}' and groups ${groups} are of its blocks.`,
      { fix: `leave them out, or use a block of this package` },
    );
  return structure;
}

/**
 * Checks that a network can have a block: bottlenecks have one order alone, and a block that was registered makes none.
 *
 * @param name of the network
 * @throws InputError where it cannot
 */
export function checkBlock(name: string, { expansion }: ResNetDepth, block: string): void {
  if (expansion === undefined || block === defaultBlock) return;
  throw new InputError(
    `the network ${name} has bottlenecks, which have the order '${defaultBlock}' only, got the block '${block}'.`,
    { fix: 'leave the block out, or use a network of basic blocks' },
  );
}

/**
 * The depth with the channels of its levels multiplied.
 *
 * @throws InputError where a level would not have a whole number of channels
 */
export function widened(depth: ResNetDepth, width: number): ResNetDepth {
  const { widths } = depth;
  const wide = widths.map((channels) => channels * width);
  const broken = wide.findIndex((channels) => !Number.isInteger(channels) || channels < 1);
  if (broken >= 0)
    throw new InputError(
      `the width ${width} gives level ${broken + 1} ${wide[broken]} channels; expected a whole number.`,
      { fix: `choose a multiple of 1/${widths[0]}` },
    );
  return { ...depth, widths: wide };
}

/**
 * Refuses groups that do not divide the channels of a level.
 *
 * @param depth as it is built, with its channels multiplied
 * @throws InputError
 */
export function checkGroupsOfLevels({ widths }: ResNetDepth, groups: number): void {
  const broken = widths.findIndex((channels) => channels % groups !== 0);
  if (broken >= 0)
    throw new InputError(
      `${groups} groups do not divide the ${widths[broken]} channels of level ${broken + 1}.`,
      { fix: 'choose a divisor of the channels of every level' },
    );
}

/** What a checkpoint says of a structure: what is not as usual. */
export function structureMetadata(structure: Structure): Record<string, string> {
  const unusual = structureKeys.filter((key) => structure[key] !== defaultStructure[key]);
  return Object.fromEntries(unusual.map((key) => [key, String(structure[key])]));
}

/** The structure that a checkpoint's metadata say. @throws InputError as of {@link checkedStructure} */
export function structureOf(metadata: Readonly<Record<string, string | undefined>>): Structure {
  const said = structureKeys.flatMap((key) => {
    const value = metadata[key];
    if (value === undefined) return [];
    return [[key, typeof defaultStructure[key] === 'number' ? Number(value) : value]];
  });
  return checkedStructure(Object.fromEntries(said) as Partial<Structure>);
}

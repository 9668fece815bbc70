import { InputError } from '../errors.js';
import { attentionFactory, noAttention } from '../nn/attention/registry.js';
import { type SkipName, skipNames } from '../nn/blocks/block.js';
import { blockFactory, defaultBlock, isOwnBlock } from '../nn/blocks/registry.js';
import { endLayerNames, type EndLayer } from '../nn/end-layers.js';
import { defaultDownsample, type DownsampleName, downsampleNames } from '../nn/downsample.js';
import { checkedName, unknownName } from '../unknown-name.js';
import type { ResNetDepth } from './depths.js';

/** What may be chosen of a binary network beside its name. */
export interface Structure {
  /**
   * The block of the body: a name of `blockNames`, or one that was registered. Bottlenecks have `binary`
   * alone.
   */
  readonly block: string;
  /**
   * Whether each binary convolution has a skip of its own (`double`) or two share one (`single`); see {@link
   * SkipName}.
   */
  readonly skip: SkipName;
  /** The version of the shortcuts that change the shape; see `Downsample`. */
  readonly downsample: DownsampleName;
  /**
   * What multiplies each binary convolution's output: `none`, a name of `attentionNames`, or one that was
   * registered.
   */
  readonly attention: string;
  /** The factor of the channels of each level; the products must be whole. */
  readonly width: number;
  /** Groups of each binary convolution, as of `ConvGeometry`; they must divide the channels of each level. */
  readonly groups: number;
  /** The weights of the stem's convolution; see `firstConv`. */
  readonly firstLayer: EndLayer;
  /** Weights and input of the classifier; see `BinaryLinear`. */
  readonly lastLayer: EndLayer;
}

/** The structure of a network that names none. */
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
 * @throws InputError for an unknown name, or settings that exclude each other
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
      `skip '${skip}', attention '${attention}' and groups ${groups} are settings of this package's blocks, and the block '${block}' was registered.`,
      { fix: `leave them out, or use a block of this package` },
    );
  return structure;
}

/**
 * Checks that a network can have a block: in a network of bottlenecks it must be the default.
 *
 * @param name of the network
 * @throws InputError if it cannot
 */
export function checkBlock(name: string, { expansion }: ResNetDepth, block: string): void {
  if (expansion === undefined || block === defaultBlock) return;
  throw new InputError(
    `the network ${name} has bottlenecks, whose only block is '${defaultBlock}', got the block '${block}'.`,
    { fix: 'leave the block out, or use a network of basic blocks' },
  );
}

/**
 * The depth with the channels of its levels multiplied.
 *
 * @throws InputError if a level would not have a whole number of channels
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

/** The metadata of a structure in a checkpoint: the settings that are not the default. */
export function structureMetadata(structure: Structure): Record<string, string> {
  const unusual = structureKeys.filter((key) => structure[key] !== defaultStructure[key]);
  return Object.fromEntries(unusual.map((key) => [key, String(structure[key])]));
}

/**
 * The structure that the metadata of a checkpoint say.
 *
 * @throws InputError as {@link checkedStructure} does
 */
export function structureOf(metadata: Readonly<Record<string, string | undefined>>): Structure {
  const said = structureKeys.flatMap((key) => {
    const value = metadata[key];
    if (value === undefined) return [];
    return [[key, typeof defaultStructure[key] === 'number' ? Number(value) : value]];
  });
  return checkedStructure(Object.fromEntries(said) as Partial<Structure>);
}

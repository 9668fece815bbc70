import type { Tensor4D } from '@tensorflow/tfjs-core';
import { BatchNorm, type BatchNormOptions } from '../nn/batch-norm.js';
import { type Binarise, checkedBinarise } from '../nn/binarise.js';
import { BinaryBottleneck } from '../nn/binary-bottleneck.js';
import { activated, type PendingMap } from '../nn/binary-block.js';
import { type Block, blockFactory } from '../nn/block.js';
import { classifier, type Classifier } from '../nn/end-layers.js';
import { SignGradient, type SignGradientName } from '../nn/sign-gradient.js';
import { globalMean } from '../ops/pooling.js';
import { toPositionMajor } from '../ops/position-major.js';
import { blockPlaces, levelChannels, type ResNetDepth } from './depths.js';
import { classified, Network, type NetworkOptions, type NetworkOutput } from './network.js';
import { Stem, stemFor } from './stem.js';
import {
  checkBlock,
  checkedStructure,
  checkGroupsOfLevels,
  type Structure,
  structureMetadata,
  widened,
} from './structure.js';

/** Settings of a binary ResNet. */
export interface BinaryResNetOptions extends NetworkOptions, Partial<Structure> {
  readonly batchNorm?: BatchNormOptions;
  /** What the blocks make binary; default 'both'. See {@link BinaryBlock}. */
  readonly binarise?: Binarise;
  /** How gradients pass the sign of activations in training; default 'ste'. See {@link SignGradient}. */
  readonly signGradient?: SignGradientName;
}

/**
 * A binary ResNet: full-precision {@link Stem}, for small images or for those of ImageNet; levels of
 * {@link BinaryBlock} or, of a depth of bottlenecks, of {@link BinaryBottleneck}, each level after the first starting with
 * stride 2; BN → global mean → full-precision classifier. Every binary convolution of a {@link BinaryBlock} has a skip of its
 * own; stem, shortcuts and classifier stay in full precision, unless the structure makes the first
 * or the last layer binary.
 */
export class BinaryResNet extends Network {
  readonly binarise: Binarise;
  readonly signGradient: SignGradient;
  readonly structure: Structure;
  private readonly stem: Stem;
  private readonly blocks: readonly { block: Block; endsLevel: number | undefined }[];
  private readonly headBn: BatchNorm;
  private readonly head: Classifier;

  /** @throws InputError for an unknown name, or a structure that does not fit the depth */
  constructor(name: string, depth: ResNetDepth, options: BinaryResNetOptions) {
    const structure = checkedStructure(options);
    checkBlock(name, depth, structure.block);
    super(name, shaped(depth, structure), options);
    const { batchNorm = {}, binarise = 'both' } = options;
    this.structure = structure;
    this.binarise = checkedBinarise(binarise);
    this.signGradient = new SignGradient(options.signGradient);
    this.signGradient.checkUseWith(this.binarise);
    const { block: blockName, skip, downsample, attention, groups, firstLayer, lastLayer } = structure;
    const makeBlock = blockFactory(blockName);
    const { root } = this.store;
    this.stem = new Stem(root.child('stem'), this.depth.widths[0], stemFor(this.size), {
      ...{ ...batchNorm, kind: firstLayer, binarise },
    });
    const ways = {
      ...batchNorm,
      binarise,
      signGradient: this.signGradient,
      activations: this.activations,
      skip,
      downsample,
      attention,
      groups,
    };
    this.blocks = blockPlaces(this.depth).map(({ endsLevel, planes, ...size }, place) => {
      const scope = root.child('blocks').child(String(place));
      const block =
        planes === undefined
          ? makeBlock(scope, size, ways)
          : new BinaryBottleneck(scope, { ...size, planes }, ways);
      return { block, endsLevel };
    });
    const inputs = levelChannels(this.depth).at(-1)!;
    this.headBn = new BatchNorm(root.child('head').child('bn'), inputs, batchNorm);
    this.head = classifier(root.child('head').child('linear'), inputs, this.classes, {
      ...{ kind: lastLayer, binarise, signGradient: this.signGradient, activations: this.activations },
    });
  }

  get metadata(): Readonly<Record<string, string>> {
    return {
      ...(this.binarise === 'both' ? {} : { binarise: this.binarise }),
      ...structureMetadata(this.structure),
    };
  }

  apply(
    images: Tensor4D,
    training: boolean,
    wanted: ReadonlySet<number> = new Set(),
    wantsPooled = false,
  ): NetworkOutput {
    const features = new Map<number, Tensor4D>();
    const stem = this.stem.apply(toPositionMajor(images), training);
    this.onPart?.('stem', stem);
    let x: PendingMap = { map: stem, slope: undefined };
    let keptInput = false;
    for (const [place, { block, endsLevel }] of this.blocks.entries()) {
      if (!block.takesPending) x = { map: activated(x), slope: undefined };
      const y = block.apply(x, training);
      // What the gradient needs is saved; everything else goes back to the pool at once.
      if (!keptInput) x.map.dispose();
      keptInput = endsLevel !== undefined && wanted.has(endsLevel);
      x = y;
      this.onPart?.(`blocks.${place}`, x.map);
      if (!keptInput) continue;
      x = { map: activated(y), slope: undefined };
      features.set(endsLevel!, x.map);
    }
    const last = activated(x);
    const normalised = this.headBn.apply(last, training);
    if (!keptInput) last.dispose();
    const pooled = globalMean(normalised);
    normalised.dispose();
    return classified(this.head, pooled, { features, training, wantsPooled });
  }
}

/** The depth of the blocks as they are built: wider, and with half as many where two convolutions share a skip. */
function shaped(depth: ResNetDepth, { width, skip, groups }: Structure): ResNetDepth {
  const wide = widened(depth, width);
  checkGroupsOfLevels(wide, groups);
  return skip === 'single' && wide.expansion === undefined
    ? { ...wide, blocks: wide.blocks.map((count) => count / 2) }
    : wide;
}

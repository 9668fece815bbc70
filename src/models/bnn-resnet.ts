import type { Tensor4D } from '@tensorflow/tfjs-core';
import { BatchNorm, type BatchNormOptions } from '../nn/batch-norm.js';
import { type BinaryOperands, binaryOperandsOf, type BinaryOption } from '../nn/binary-operands.js';
import { bottleneck } from '../nn/blocks/bottleneck.js';
import { chainedPlain } from '../nn/blocks/plain-block.js';
import { activated, type ChainedBlock, type PreActivation } from '../nn/blocks/pre-activation.js';
import { blockFactory } from '../nn/blocks/registry.js';
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
export interface BinaryResNetOptions extends NetworkOptions, BinaryOption, Partial<Structure> {
  readonly batchNorm?: BatchNormOptions;
  /** How gradients pass the sign of activations in training; default 'ste'. See {@link SignGradient}. */
  readonly signGradient?: SignGradientName;
}

/**
 * A binary ResNet: {@link Stem}, levels of blocks, BN → global mean → classifier. Each level after the first
 * starts with stride 2. The blocks are those that the structure names, or {@link bottleneck}s in a depth that
 * has them. Stem, shortcuts and classifier are in full precision, unless the structure makes the first or the
 * last layer binary.
 */
export class BinaryResNet extends Network {
  readonly binary: BinaryOperands;
  readonly signGradient: SignGradient;
  readonly structure: Structure;
  private readonly stem: Stem;
  private readonly blocks: readonly { block: ChainedBlock; endsLevel: number | undefined }[];
  private readonly headBn: BatchNorm;
  private readonly head: Classifier;

  /** @throws InputError for an unknown name, or a structure that does not fit the depth */
  constructor(name: string, depth: ResNetDepth, options: BinaryResNetOptions) {
    const structure = checkedStructure(options);
    checkBlock(name, depth, structure.block);
    super(name, shaped(depth, structure), options);
    const { batchNorm = {} } = options;
    const binary = binaryOperandsOf(options);
    this.structure = structure;
    this.binary = binary;
    this.signGradient = new SignGradient(options.signGradient);
    this.signGradient.checkUseWith(binary);
    const { block: blockName, skip, downsample, attention, groups, firstLayer, lastLayer } = structure;
    const makeBlock = blockFactory(blockName);
    const { root } = this.store;
    this.stem = new Stem(root.child('stem'), this.depth.widths[0], stemFor(this.size), {
      ...{ ...batchNorm, kind: firstLayer, binary },
    });
    const ways = {
      ...batchNorm,
      binary,
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
          : chainedPlain('bottleneck', bottleneck(scope, { ...size, planes }, ways), size);
      return { block, endsLevel };
    });
    const inputs = levelChannels(this.depth).at(-1)!;
    this.headBn = new BatchNorm(root.child('head').child('bn'), inputs, batchNorm);
    this.head = classifier(root.child('head').child('linear'), inputs, this.classes, {
      ...{ kind: lastLayer, binary, signGradient: this.signGradient, activations: this.activations },
    });
  }

  /** @deprecated Until 0.3: `binary`. */
  get binarise(): BinaryOperands {
    return this.binary;
  }

  get metadata(): Readonly<Record<string, string>> {
    return {
      ...(this.binary === 'both' ? {} : { binarise: this.binary }),
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
    let x: PreActivation = { map: stem, slope: undefined };
    const ctx = { training };
    let keptInput = false;
    for (const [place, { block, endsLevel }] of this.blocks.entries()) {
      if (!block.takesPreActivation) x = { map: activated(x), slope: undefined };
      const y = block.run(x, ctx);
      // The tape keeps what gradients need. Everything else goes back to the pool at once.
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

/** The depth as it is built: widened, and with half as many blocks where two convolutions share a skip. */
function shaped(depth: ResNetDepth, { width, skip, groups }: Structure): ResNetDepth {
  const wide = widened(depth, width);
  checkGroupsOfLevels(wide, groups);
  return skip === 'single' && wide.expansion === undefined
    ? { ...wide, blocks: wide.blocks.map((count) => count / 2) }
    : wide;
}

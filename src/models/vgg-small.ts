import { reshape, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { BatchNorm, type BatchNormOptions } from '../nn/batch-norm.js';
import {
  type BinaryOperands,
  binaryOperandsOf,
  type BinaryOption,
  hasBinaryActivations,
} from '../nn/binary-operands.js';
import { BinaryConv2d, Conv2d } from '../nn/conv2d.js';
import { classifier, type Classifier, type EndLayer, firstConv, type FirstConv } from '../nn/end-layers.js';
import { SignGradient, type SignGradientName } from '../nn/sign-gradient.js';
import { type Activation, checkedActivation } from '../ops/batch-norm-activation.js';
import { maxPool } from '../ops/pooling.js';
import { toBatchMajor, toPositionMajor } from '../ops/position-major.js';
import type { ResNetDepth } from './depths.js';
import { classified, Network, type NetworkOptions, type NetworkOutput } from './network.js';
import { defaultActivation } from './resnet.js';
import { checkedStructure, type Structure, structureMetadata, widened } from './structure.js';

/** Settings of a VGG-small. */
export interface VggSmallOptions extends NetworkOptions, BinaryOption {
  readonly batchNorm?: BatchNormOptions;
  /** Of the binary network: how gradients pass the sign of activations; default 'ste'. */
  readonly signGradient?: SignGradientName;
  /** Of the full-precision network; default 'relu'. */
  readonly activation?: Activation;
  /** The factor of the channels of each level; default 1. */
  readonly width?: number;
  /** Of the binary network: the weights of its first convolution; default 'float'. See `firstConv`. */
  readonly firstLayer?: EndLayer;
  /** Of the binary network: weights and input of its classifier; default 'float'. See `BinaryLinear`. */
  readonly lastLayer?: EndLayer;
}

const pooling = { window: 2, stride: 2, pad: 0 } as const;
const window3 = { stride: 1, pad: 1 } as const;

/**
 * VGG-small, binary or in full precision, for small images: six 3×3 convolutions of 2×128, 2×256 and 2×512
 * channels, and a classifier on all of the last map. The first convolution sees the image and is in full
 * precision, the second of each level is followed by 2×2 max pooling. There are no skips. Pooling comes
 * before BatchNorm and activation, so that the maximum is of real values and not of signs:
 *
 *   binary:          conv(sign(BN(pool(conv(sign(BN(…)))))))), the last BN clamped to [−1, 1]
 *   full precision:  f(BN(pool(conv(f(BN(…))))))
 *
 * The first convolution and the classifier may be binary too.
 */
export class VggSmall extends Network {
  readonly signGradient: SignGradient;
  readonly binary: BinaryOperands;
  readonly activation: Activation;
  readonly width: number;
  readonly epsilon: number;
  /** Its width, and its first and last layer. */
  private readonly structure: Structure;
  private readonly first: FirstConv;
  /** By the place of each convolution that pooling follows, from 0: the level that ends with it. */
  private readonly levelEnds: ReadonlyMap<number, number>;
  private readonly convolutions: (Conv2d | BinaryConv2d)[] = [];
  private readonly norms: BatchNorm[] = [];
  private readonly head: Classifier;

  /** @param isBinary whether all convolutions but the first are binary */
  constructor(
    name: string,
    depth: ResNetDepth,
    readonly isBinary: boolean,
    options: VggSmallOptions,
  ) {
    const { width = 1, firstLayer = 'float', lastLayer = 'float' } = options;
    const structure = checkedStructure({ width, firstLayer, lastLayer });
    super(name, widened(depth, width), options);
    this.structure = structure;
    const { batchNorm = {}, activation = defaultActivation } = options;
    const binary = binaryOperandsOf(options);
    this.width = width;
    this.binary = binary;
    this.activation = checkedActivation(activation);
    this.signGradient = new SignGradient(options.signGradient);
    this.signGradient.checkUseWith(binary);
    const { root } = this.store;
    const { widths, blocks } = this.depth;
    this.levelEnds = new Map(
      blocks.map((_, level) => [blocks.slice(0, level + 1).reduce((a, b) => a + b) - 1, level + 1]),
    );
    this.first = firstConv(
      root.child('stem').child('conv'),
      { inputs: 3, outputs: widths[0], window: 3 },
      window3,
      { kind: isBinary ? firstLayer : 'float', binary },
    );
    const places = root.child('blocks');
    let inputs = widths[0];
    for (const outputs of this.outputs.slice(1)) {
      const scope = places.child(String(this.convolutions.length));
      this.norms.push(new BatchNorm(scope.child('bn'), inputs, batchNorm));
      const size = { inputs, outputs, window: 3 };
      this.convolutions.push(
        isBinary
          ? new BinaryConv2d(scope.child('conv'), size, window3, binary)
          : new Conv2d(scope.child('conv'), size, window3),
      );
      inputs = outputs;
    }
    const lastNorm = new BatchNorm(root.child('head').child('bn'), inputs, batchNorm);
    this.norms.push(lastNorm);
    this.epsilon = lastNorm.epsilon;
    const [height, side] = this.sizeOf(this.levels, this.size);
    this.head = classifier(root.child('head').child('linear'), inputs * height * side, this.classes, {
      ...{ kind: isBinary ? lastLayer : 'float', binary },
      ...{ signGradient: this.signGradient, activations: this.activations },
    });
  }

  /** @deprecated Until 0.3: `binary`. */
  get binarise(): BinaryOperands {
    return this.binary;
  }

  get metadata(): Readonly<Record<string, string>> {
    return {
      ...(this.binary === 'both' ? {} : { binarise: this.binary }),
      ...(this.activation === defaultActivation ? {} : { activation: this.activation }),
      ...structureMetadata(this.structure),
    };
  }

  /** The channels of each convolution. */
  private get outputs(): number[] {
    const { widths, blocks } = this.depth;
    return widths.flatMap((width, level) => Array.from({ length: blocks[level] }, () => width));
  }

  apply(
    images: Tensor4D,
    training: boolean,
    wanted: ReadonlySet<number> = new Set(),
    wantsPooled = false,
  ): NetworkOutput {
    const features = new Map<number, Tensor4D>();
    const input = toPositionMajor(images);
    let x = this.first.apply(input);
    input.dispose();
    this.onPart?.('stem', x);
    let isKept = false;
    this.convolutions.forEach((convolution, i) => {
      const operand = this.operand(i, x, training);
      if (!isKept) x.dispose();
      x = convolution.apply(operand);
      operand.dispose();
      const level = this.levelEnds.get(i + 1);
      isKept = level !== undefined && wanted.has(level);
      if (level !== undefined) {
        const pooled = maxPool(x, pooling);
        x.dispose();
        x = pooled;
      }
      this.onPart?.(`blocks.${i}`, x);
      if (level !== undefined && isKept) features.set(level, x);
    });
    const last = this.lastMap(x, training);
    if (!isKept) x.dispose();
    const batchMajor = toBatchMajor(last);
    last.dispose();
    const pooled = reshape<Tensor2D['rankType']>(batchMajor, [images.shape[0], -1]);
    batchMajor.dispose();
    return classified(this.head, pooled, { features, training, wantsPooled });
  }

  /** What the convolution after the BatchNorm at this place takes. */
  private operand(place: number, x: Tensor4D, training: boolean): Tensor4D {
    const norm = this.norms[place];
    if (!this.isBinary) return norm.activate(x, training, this.activation);
    if (training) this.activations.note(`blocks.${place}.conv`, () => norm.look(x));
    if (!hasBinaryActivations(this.binary)) return norm.clamp(x, training);
    return this.signGradient.sign(norm, x, training);
  }

  private lastMap(x: Tensor4D, training: boolean): Tensor4D {
    const norm = this.norms.at(-1)!;
    return this.isBinary ? norm.clamp(x, training) : norm.activate(x, training, this.activation);
  }

  override sizeOf(level: number, [height, width]: readonly [number, number]): [number, number] {
    const halved = (side: number): number => Math.floor(side / 2 ** level);
    return [halved(height), halved(width)];
  }

  /** Height and width of the maps on which a layer multiplies. */
  placeOf(name: string): readonly [number, number] {
    if (name.endsWith('linear')) return [1, 1];
    if (name.startsWith('head')) return this.sizeOf(this.levels, this.size);
    const match = /^blocks\.(\d+)\./.exec(name);
    const before = match ? Number(match[1]) + 1 : 0;
    const poolings = [...this.levelEnds.keys()].filter((place) => place < before).length;
    return poolings === 0 ? this.size : this.sizeOf(poolings, this.size);
  }
}

import { type Tensor2D, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { ActivationObserver } from '../nn/activation-observer.js';
import { BatchNorm, type BatchNormOptions } from '../nn/batch-norm.js';
import { type Binarise, checkedBinarise } from '../nn/binarise.js';
import { activated, type PendingMap } from '../nn/binary-block.js';
import { type Block, blockFactory, defaultBlock } from '../nn/block.js';
import { Linear } from '../nn/linear.js';
import { ParameterStore } from '../nn/parameters.js';
import { SignGradient, type SignGradientName } from '../nn/sign-gradient.js';
import { globalMean } from '../ops/pooling.js';
import { toPositionMajor } from '../ops/position-major.js';
import { type BinaryResNetDepth, binaryResNetDepths } from './depths.js';
import { unknownName } from '../unknown-name.js';
import { Stem, stemFor, stemSizes } from './stem.js';

/** What a forward pass gives. */
export interface StudentOutput {
  /** [N, classes], before softmax. */
  readonly logits: Tensor2D;
  /** The feature maps asked for, by level from 1: position-major [H, W, N, C], real-valued, after the level's last block. */
  readonly features: ReadonlyMap<number, Tensor4D>;
  /** What the classifier takes, [N, width]; only where it was asked for. */
  readonly pooled?: Tensor2D;
}

/** Settings of a student. */
export interface StudentOptions {
  readonly classes: number;
  /** Height and width of the pictures, which choose the stem (see `stemFor`); default 32×32. */
  readonly size?: readonly [height: number, width: number];
  /** Keys the initial values; default 0. */
  readonly seed?: number;
  readonly batchNorm?: BatchNormOptions;
  /** What the blocks make binary; default 'both'. See {@link BinaryBlock}. */
  readonly binarise?: Binarise;
  /** How gradients pass the sign of activations in training; default 'ste'. See {@link SignGradient}. */
  readonly signGradient?: SignGradientName;
  /** The block of the body: `binary` (the default, {@link BinaryBlock}) or one that was registered with `registerBlock`. */
  readonly block?: string;
}

/**
 * A binary ResNet: full-precision {@link Stem}, for small pictures or for those of ImageNet; levels of
 * {@link BinaryBlock}, each level after the first starting with stride 2; BN → global mean → full-precision classifier. Every binary convolution has a skip of its
 * own; stem, shortcuts and classifier stay in full precision.
 */
export class BinaryResNet {
  readonly store: ParameterStore;
  readonly classes: number;
  readonly size: readonly [height: number, width: number];
  readonly levels: number;
  readonly binarise: Binarise;
  readonly signGradient: SignGradient;
  readonly block: string;
  /** Looks at the activations of binary layers in training, where it is started. */
  readonly activations = new ActivationObserver();
  private readonly stem: Stem;
  private readonly blocks: { block: Block; endsLevel: number | undefined }[] = [];
  private readonly headBn: BatchNorm;
  private readonly head: Linear;

  constructor(
    readonly name: string,
    readonly depth: BinaryResNetDepth,
    options: StudentOptions,
  ) {
    const { classes, size = [32, 32], seed = 0, batchNorm = {}, binarise = 'both' } = options;
    this.binarise = checkedBinarise(binarise);
    this.signGradient = new SignGradient(options.signGradient);
    this.signGradient.checkUseWith(this.binarise);
    this.block = options.block ?? defaultBlock;
    const makeBlock = blockFactory(this.block);
    this.store = new ParameterStore(seed);
    this.classes = classes;
    this.size = size;
    this.levels = depth.widths.length;
    const { root } = this.store;
    let inputs = depth.widths[0];
    this.stem = new Stem(root.child('stem'), inputs, stemFor(size), batchNorm);
    depth.widths.forEach((outputs, level) => {
      const count = depth.blocks[level];
      for (let i = 0; i < count; i++) {
        const stride = level > 0 && i === 0 ? 2 : 1;
        const scope = root.child('blocks').child(String(this.blocks.length));
        const ways = {
          ...batchNorm,
          binarise,
          signGradient: this.signGradient,
          activations: this.activations,
        };
        const block = makeBlock(scope, { inputs, outputs, stride }, ways);
        this.blocks.push({ block, endsLevel: i === count - 1 ? level + 1 : undefined });
        inputs = outputs;
      }
    });
    this.headBn = new BatchNorm(root.child('head').child('bn'), inputs, batchNorm);
    this.head = new Linear(root.child('head').child('linear'), inputs, classes);
  }

  /**
   * @param images normalised pictures, NHWC [N, H, W, 3]
   * @param training statistics of the batch (and running ones moved) or running statistics
   * @param wanted the levels whose feature maps to give; default none
   * @param wantsPooled whether to give what the classifier takes; default not
   */
  apply(
    images: Tensor4D,
    training: boolean,
    wanted: ReadonlySet<number> = new Set(),
    wantsPooled = false,
  ): StudentOutput {
    const features = new Map<number, Tensor4D>();
    const stem = this.stem.apply(toPositionMajor(images), training);
    let x: PendingMap = { map: stem, slope: undefined };
    let keptInput = false;
    for (const { block, endsLevel } of this.blocks) {
      if (!block.takesPending) x = { map: activated(x), slope: undefined };
      const y = block.apply(x, training);
      // What the gradient needs is saved; everything else goes back to the pool at once.
      if (!keptInput) x.map.dispose();
      keptInput = endsLevel !== undefined && wanted.has(endsLevel);
      x = y;
      if (!keptInput) continue;
      x = { map: activated(y), slope: undefined };
      features.set(endsLevel!, x.map);
    }
    const last = activated(x);
    const normalised = this.headBn.apply(last, training);
    if (!keptInput) last.dispose();
    const pooled = globalMean(normalised);
    normalised.dispose();
    const logits = this.head.apply(pooled);
    if (wantsPooled) return { logits, features, pooled };
    pooled.dispose();
    return { logits, features };
  }

  /** Height and width of a level's feature map for pictures of this size. */
  sizeOf(level: number, pictures: readonly [number, number]): [number, number] {
    // Each level after the first starts with a 3×3 convolution of stride 2 and padding 1.
    const halved = (size: number): number => Math.floor((size - 1) / 2) + 1;
    let size = stemSizes(stemFor(this.size), pictures).output;
    for (let i = 1; i < level; i++) size = [halved(size[0]), halved(size[1])];
    return size;
  }

  /** The number of channels of a level's feature map. */
  channelsOf(level: number): number {
    return this.depth.widths[level - 1];
  }

  /** Logits in evaluation mode. */
  predict(images: Tensor4D): Tensor2D {
    return tidy(() => this.apply(images, false).logits);
  }

  dispose(): void {
    this.store.dispose();
  }
}

/** The names of the students that {@link createStudent} makes. */
export const studentNames: readonly string[] = Object.keys(binaryResNetDepths);

/**
 * Makes a student by name.
 *
 * @throws InputError for an unknown name, or an unknown value of `binarise`
 */
export function createStudent(name: string, options: StudentOptions): BinaryResNet {
  if (!Object.hasOwn(binaryResNetDepths, name)) throw unknownName('student', name, studentNames, '--student');
  return new BinaryResNet(name, binaryResNetDepths[name as keyof typeof binaryResNetDepths], options);
}

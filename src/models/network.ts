import { type Tensor2D, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { ActivationObserver } from '../nn/activation-observer.js';
import type { Classifier } from '../nn/end-layers.js';
import { ParameterStore } from '../nn/parameters.js';
import type { SignGradient } from '../nn/sign-gradient.js';
import { levelChannels, type ResNetDepth } from './depths.js';
import { stemFor, stemSizes } from './stem.js';

/** What a forward pass gives. */
export interface NetworkOutput {
  /** [N, classes], before softmax. */
  readonly logits: Tensor2D;
  /**
   * The feature maps that were asked for, by level from 1: position-major [H, W, N, C], real-valued, after
   * the last block of the level.
   */
  readonly features: ReadonlyMap<number, Tensor4D>;
  /** What the classifier takes, [N, width], before the sign if it is binary; only if it was asked for. */
  readonly pooled?: Tensor2D;
}

/** Settings of every network. */
export interface NetworkOptions {
  readonly classes: number;
  /** Height and width of the images, which choose the stem (see `stemFor`); default 32×32. */
  readonly size?: readonly [height: number, width: number];
  /** Keys the initial values; default 0. */
  readonly seed?: number;
}

/**
 * A network that can be trained: stem, levels, classifier. Each level after the first starts with stride 2.
 */
export abstract class Network {
  readonly store: ParameterStore;
  readonly classes: number;
  readonly size: readonly [height: number, width: number];
  readonly levels: number;
  /** How gradients pass signs; unused in a network without signs. */
  abstract readonly signGradient: SignGradient;
  /** Records the activations of binary layers in training, once it is started. */
  readonly activations = new ActivationObserver();
  /**
   * Called after each part of a forward pass, with its name in checkpoints (`stem`, `blocks.3`) and its
   * output.
   */
  onPart: ((part: string, output: Tensor4D) => void) | undefined;

  constructor(
    readonly name: string,
    readonly depth: ResNetDepth,
    { classes, size = [32, 32], seed = 0 }: NetworkOptions,
  ) {
    this.store = new ParameterStore(seed);
    this.classes = classes;
    this.size = size;
    this.levels = depth.widths.length;
  }

  /** The settings that a checkpoint holds beside the name: those that are not the default. */
  abstract get metadata(): Readonly<Record<string, string>>;

  /**
   * @param images normalised images, NHWC [N, H, W, 3]
   * @param training true: statistics of the batch, towards which the running ones move; false: running
   *   statistics
   * @param wanted the levels whose feature maps to return; default none
   * @param wantsPooled whether to return what the classifier takes; default false
   */
  abstract apply(
    images: Tensor4D,
    training: boolean,
    wanted?: ReadonlySet<number>,
    wantsPooled?: boolean,
  ): NetworkOutput;

  /** Height and width of a level's feature map for images of this size. */
  sizeOf(level: number, images: readonly [number, number]): [number, number] {
    // Each level after the first starts with a 3×3 convolution of stride 2 and padding 1.
    const halved = (size: number): number => Math.floor((size - 1) / 2) + 1;
    let size = stemSizes(stemFor(this.size), images).output;
    for (let i = 1; i < level; i++) size = [halved(size[0]), halved(size[1])];
    return size;
  }

  /** The number of channels of a level's feature map. */
  channelsOf(level: number): number {
    return levelChannels(this.depth)[level - 1];
  }

  /** Logits in evaluation mode. */
  predict(images: Tensor4D): Tensor2D {
    return tidy(() => this.apply(images, false).logits);
  }

  dispose(): void {
    this.store.dispose();
  }
}

/**
 * The end of a forward pass: the classifier's logits for `pooled`, which is disposed of unless it is wanted.
 */
export function classified(
  head: Classifier,
  pooled: Tensor2D,
  {
    features,
    training,
    wantsPooled,
  }: { features: NetworkOutput['features']; training: boolean; wantsPooled: boolean },
): NetworkOutput {
  const logits = head.apply(pooled, training);
  if (wantsPooled) return { logits, features, pooled };
  pooled.dispose();
  return { logits, features };
}

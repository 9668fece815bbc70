import type { Tensor4D } from '@tensorflow/tfjs-core';
import { type BatchNormOptions, defaultEpsilon } from '../nn/batch-norm.js';
import { Linear } from '../nn/linear.js';
import { ResidualBlock } from '../nn/blocks/residual-block.js';
import { SignGradient } from '../nn/sign-gradient.js';
import { type Activation, checkedActivation } from '../ops/batch-norm-activation.js';
import { globalMean } from '../ops/pooling.js';
import { toPositionMajor } from '../ops/position-major.js';
import { blockPlaces, levelChannels, type ResNetDepth } from './depths.js';
import { classified, Network, type NetworkOptions, type NetworkOutput } from './network.js';
import { Stem, stemFor } from './stem.js';
import { widened } from './structure.js';

/** Settings of a full-precision ResNet. */
export interface ResNetOptions extends NetworkOptions {
  readonly batchNorm?: BatchNormOptions;
  /**
   * Of stem and blocks; default 'relu'. The parameters do not depend on it, so that a network may start from
   * the tensors of another activation.
   */
  readonly activation?: Activation;
  /** The factor of the channels of each level; default 1. */
  readonly width?: number;
}

/** The default activation. */
export const defaultActivation: Activation = 'relu';

/**
 * A full-precision ResNet (He et al. 2016): {@link Stem} with activation, levels of {@link ResidualBlock}s,
 * global mean → classifier. It is the teacher of a binary network, or its start: see `takeOver`.
 */
export class ResNet extends Network {
  readonly signGradient = new SignGradient();
  readonly activation: Activation;
  readonly width: number;
  /** Of its BatchNorms. */
  readonly epsilon: number;
  private readonly stem: Stem;
  private readonly blocks: readonly { block: ResidualBlock; endsLevel: number | undefined }[];
  private readonly head: Linear;

  constructor(name: string, depth: ResNetDepth, options: ResNetOptions) {
    const { width = 1 } = options;
    super(name, widened(depth, width), options);
    const { batchNorm = {}, activation = defaultActivation } = options;
    this.activation = checkedActivation(activation);
    this.epsilon = batchNorm.epsilon ?? defaultEpsilon;
    const { root } = this.store;
    this.width = width;
    this.stem = new Stem(root.child('stem'), this.depth.widths[0], stemFor(this.size), batchNorm);
    const ways = { ...batchNorm, activation };
    this.blocks = blockPlaces(this.depth).map(({ endsLevel, ...size }, place) => ({
      block: new ResidualBlock(root.child('blocks').child(String(place)), size, ways),
      endsLevel,
    }));
    this.head = new Linear(
      root.child('head').child('linear'),
      levelChannels(this.depth).at(-1)!,
      this.classes,
    );
  }

  get metadata(): Readonly<Record<string, string>> {
    return {
      ...(this.activation === defaultActivation ? {} : { activation: this.activation }),
      ...(this.width === 1 ? {} : { width: String(this.width) }),
    };
  }

  apply(
    images: Tensor4D,
    training: boolean,
    wanted: ReadonlySet<number> = new Set(),
    wantsPooled = false,
  ): NetworkOutput {
    const features = new Map<number, Tensor4D>();
    let x = this.stem.apply(toPositionMajor(images), training, this.activation);
    this.onPart?.('stem', x);
    const ctx = { training };
    let keptInput = false;
    for (const [place, { block, endsLevel }] of this.blocks.entries()) {
      const y = block.forward(x, ctx);
      // The tape keeps what gradients need. Everything else goes back to the pool at once.
      if (!keptInput) x.dispose();
      x = y;
      this.onPart?.(`blocks.${place}`, x);
      keptInput = endsLevel !== undefined && wanted.has(endsLevel);
      if (keptInput) features.set(endsLevel!, x);
    }
    const pooled = globalMean(x);
    if (!keptInput) x.dispose();
    return classified(this.head, pooled, { features, training, wantsPooled });
  }
}

import type { Batch } from '../data/batch.js';

/** A feature map that a teacher gives beside its logits. */
export interface Tap {
  /** The name used in losses, caches and cards: `level1`, `level2`, … unless a card says otherwise. */
  readonly name: string;
  /** The tensor's name in the model. */
  readonly tensor: string;
  /** The resolution group of the network, from 1. */
  readonly level: number;
  /** Height, width and channels. */
  readonly shape: readonly [height: number, width: number, channels: number];
}

/** A teacher's answer for one batch of views. */
export interface TeacherTargets {
  /** [size, classes], before softmax. */
  readonly logits: Float32Array;
  /** For each tap asked for, by its name: NHWC, each sample L2-normalised and multiplied by √(H·W·C). */
  readonly features: ReadonlyMap<string, Float32Array>;
}

/** Where the trainer gets its targets from: the live model, or a cache. The trainer does not know which it has. */
export interface TargetSource {
  /** Class names in the order of the logits. */
  readonly classes: readonly string[];
  /** The feature maps that every target holds. */
  readonly taps: readonly Tap[];
  /** The targets of a batch of views; the arrays are the caller's to keep. */
  targets(batch: Batch): Promise<TeacherTargets>;
  /**
   * Its answers are stored by index and view, whatever the images of a batch are: it cannot be asked for mixed ones, and
   * their targets are mixed from those of the batch as it was before (`mixTargets`). Default false: it looks at the images.
   */
  readonly answersByView?: boolean;
  /** How many batches it is well to ask for before the first of them is used; by default none. */
  readonly ahead?: number;
  /** Gives targets back, so that their memory serves later ones; optional, and after it they must not be used. */
  recycle?(targets: TeacherTargets): void;
  /** Frees the model or closes the files. */
  dispose(): Promise<void>;
}

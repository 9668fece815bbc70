import type { Batch } from '../data/batch.js';

/** A feature map that a teacher gives besides its logits. */
export interface Tap {
  /** Its name in losses, caches and cards: `level1`, `level2`, … unless a card says otherwise. */
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
  /** The feature map of each tap by its name: NHWC, each sample L2-normalised and multiplied by √(H·W·C). */
  readonly features: ReadonlyMap<string, Float32Array>;
}

/** Where targets come from: a live model or a cache. The trainer does not know which. */
export interface TargetSource {
  /** Class names in the order of the logits. */
  readonly classes: readonly string[];
  /** The feature maps that every target holds. */
  readonly taps: readonly Tap[];
  /** The targets of a batch of views. The caller may keep the arrays. */
  targets(batch: Batch): Promise<TeacherTargets>;
  /**
   * Whether its answers depend on index and view alone, and not on the images of the batch. Such a source
   * cannot answer mixed images; their targets are mixed from those of the batch before mixing (`mixTargets`).
   * Default false.
   */
  readonly answersByView?: boolean;
  /** How many batches should be requested in advance; default 0. */
  readonly ahead?: number;
  /**
   * Gives targets back so that later ones can use their memory. Optional; they must not be used afterwards.
   */
  recycle?(targets: TeacherTargets): void;
  /** Frees the model or closes the files. */
  dispose(): Promise<void>;
}

import type { CardInput } from './card.js';
import type { ImageLayout, Normalisation } from './image-input.js';
import type { LogitsOutput } from './logits-output.js';
import type { Tap } from './targets.js';

/** What determines the answers of a model: its files, and how images become its input. */
export interface ModelFacts {
  /** The file's name. */
  readonly file: string;
  /** SHA-256 of the model, then of each external data file in graph order. */
  readonly sha256: readonly string[];
  /** SHA-256 of the teacher card; null without one. */
  readonly cardSha256: string | null;
  /** Top-1 accuracy in percent, by the card. */
  readonly expectedTop1: number | null;
  readonly preprocessing: Normalisation & {
    readonly layout: ImageLayout;
    /** In pixels. */
    readonly size: readonly [height: number, width: number];
  };
  readonly logits: LogitsOutput;
}

/** What is known of a live teacher without running it. */
export interface TeacherFacts {
  /** Class names in the order of the logits. */
  readonly classes: readonly string[];
  readonly taps: readonly Tap[];
  /** In pixels. */
  readonly size: readonly [height: number, width: number];
  /** How larger images are resized to that size, by the card. */
  readonly resize: CardInput['resize'];
  /** The kind of data in the card. Of an ensemble: only if all cards have the same. */
  readonly dataset: string | undefined;
  /** Top-1 accuracy on these data in percent, by the card. Of an ensemble: the least of its members. */
  readonly expectedTop1: number | undefined;
  readonly cardPath: string | undefined;
  /** The provider that runs the model. */
  readonly provider: string;
  /** Why the providers tried before cannot run it, one sentence each. */
  readonly providerMisses: readonly string[];
  /** The models: one, or those of an ensemble. */
  readonly models: readonly ModelFacts[];
}

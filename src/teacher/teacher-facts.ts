import type { CardInput } from './card.js';
import type { ImageLayout, Normalisation } from './image-input.js';
import type { LogitsOutput } from './logits-output.js';
import type { Tap } from './targets.js';

/** What decides the answers of a model: its files, and how images become its input. */
export interface ModelFacts {
  /** The file's name. */
  readonly file: string;
  /** SHA-256 of the model, then of each external data file in graph order. */
  readonly sha256: readonly string[];
  /** SHA-256 of the teacher card; null without one. */
  readonly cardSha256: string | null;
  /** Top-1 accuracy in percent by the card. */
  readonly expectedTop1: number | null;
  readonly preprocessing: Normalisation & {
    readonly layout: ImageLayout;
    /** In pixels. */
    readonly size: readonly [height: number, width: number];
  };
  readonly logits: LogitsOutput;
}

/** Everything that is known of a live teacher without running it. */
export interface TeacherFacts {
  /** Class names in the order of the logits. */
  readonly classes: readonly string[];
  readonly taps: readonly Tap[];
  /** In pixels. */
  readonly size: readonly [height: number, width: number];
  /** How larger images are brought to that size, by the card. */
  readonly resize: CardInput['resize'];
  /** Kind of the data set that the card names; of an ensemble only if all name the same. */
  readonly dataset: string | undefined;
  /** Top-1 accuracy on that data set in percent, by the card; of an ensemble the least of its members. */
  readonly expectedTop1: number | undefined;
  readonly cardPath: string | undefined;
  /** Where the model runs. */
  readonly provider: string;
  /** Why it does not run where it was tried before, one sentence each. */
  readonly providerMisses: readonly string[];
  /** The model; of an ensemble there are several. */
  readonly models: readonly ModelFacts[];
}

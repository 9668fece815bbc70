import type { Augmentation } from '../data/augmentation.js';
import type { MixSettings } from '../data/mix.js';
import type { LossWeight } from '../losses/loss-weight.js';
import type { BinaryOperands } from '../nn/binary-operands.js';
import type { SignGradientName } from '../nn/sign-gradient.js';
import type { Structure } from '../models/structure.js';
import type { Activation } from '../ops/batch-norm-activation.js';
import type { ProviderName } from '../teacher/providers.js';
import type { GradientSettings } from '../optim/gradient-steps.js';
import type { OptimizerSettings } from '../optim/optimizers/create-optimizer.js';
import type { ScheduleSettings } from '../optim/schedules/create-schedule.js';

/** Everything that decides a run, every setting with its value. Only the name of the run directory is not in it. */
export interface Recipe {
  /** What it is, in a sentence; may be empty. */
  readonly description: string;
  /** Where it comes from: paper or code; may be empty. */
  readonly reference: string;
  /** The figure that its source gives, and for what; may be empty. */
  readonly published: string;
  /** What it gave here, and on what; or that it was not run in full. */
  readonly measured: string;
  /** Absolute paths of modules that register losses, blocks or data; they are run when the recipe is read. */
  readonly imports: readonly string[];
  /** `<kind>:<folder>`. */
  readonly data: string;
  /** Leave out images in files that cannot be decoded, instead of ending the run. */
  readonly skipCorrupt: boolean;
  /**
   * Of images in files, evaluated: the shorter side is brought to this ratio of the crop, at least 1, before the centre is
   * cut out; null for the data set's own.
   */
  readonly testResize: number | null;
  readonly student: StudentSettings;
  /** Stands in for the teacher's normalisation; null for the card's. */
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
  /** Keys initialisation, shuffling and mixing. */
  readonly seed: number;
  /** Keys the augmentation of each view. */
  readonly viewSeed: number;
  readonly threads: number;
  /** Where ONNX Runtime runs the teacher. */
  readonly provider: ProviderName;
  /** Where the student trains. */
  readonly backend: string;
  /** At least one. */
  readonly stages: readonly Stage[];
}

/** The network that is trained. */
export interface StudentSettings extends Structure {
  /** A name among the networks: a binary one, or a full-precision one as a teacher to be. */
  readonly name: string;
  readonly batchNorm: {
    /** running = (1 − momentum)·running + momentum·batch. */
    readonly momentum: number;
  };
}

/** One stage of training. In a recipe's text a stage says what differs from the stage before it. */
export interface Stage {
  /** Names its files in the run directory: letters, digits, `-`. */
  readonly name: string;
  readonly epochs: number;
  readonly batchSize: number;
  /** What the body makes binary; `none` trains it in full precision. */
  readonly binary: BinaryOperands;
  readonly signGradient: SignGradientName;
  /** Of a full-precision network: `relu`, `leakyClip` or `hardClamp`. */
  readonly activation: Activation;
  /**
   * Where the student's tensors come from: `random`, the best of the stage `previous` to it (which the first stage does not
   * have), or the path of a checkpoint or of a run.
   */
  readonly initFrom: string;
  /**
   * An ONNX model, a card, several with commas between them, or the directory of a cache; `previous`: the student as the
   * stage before left it, frozen and in evaluation mode; null for none.
   */
  readonly teacher: string | null;
  /** The directory of a cache that the stage fills and reads; null for none. */
  readonly cache: string | null;
  /** Views of each image: epoch e shows view e mod views; null for those of the cache, else one an epoch. */
  readonly views: number | null;
  /** The stage is run so many times in a row, each from `initFrom` and each taught by the one before it; at least 1. */
  readonly generations: number;
  /** The initial learning rate beside the optimizer's own settings. */
  readonly optimizer: OptimizerSettings & { readonly lr: number };
  readonly schedule: ScheduleSettings;
  readonly gradient: Required<GradientSettings>;
  /** An exponential moving average of the weights, which is then what is evaluated and kept; null for none. */
  readonly average: { readonly decay: number } | null;
  /** Batches over which BatchNorm's statistics are estimated anew when the stage starts from others' tensors; 0 for not. */
  readonly reestimateBatchNorm: number;
  /** By name; a weight of 0 leaves a term out. */
  readonly losses: Readonly<Record<string, LossTermSettings>>;
  /** null for the usual one of the data set. */
  readonly augmentation: Augmentation | null;
  readonly mix: MixSettings;
  readonly statistics: StatisticsSettings;
}

/** What is logged of each layer beside the losses. */
export interface StatisticsSettings {
  /** Steps from one record of flip ratios and gradients to the next; 0 for none. */
  readonly every: number;
}

/** A term's weight and its own options, for instance `{ weight: 1, T: 4 }`. */
export interface LossTermSettings {
  readonly weight: LossWeight;
  readonly [option: string]: unknown;
}

import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { LossOption, OptionValues } from './loss-options.js';
import type { MapPair } from './map-pairs.js';

/** What a loss is computed from, beside the student's logits. */
export type LossNeed =
  /** The labels of the images. */
  | 'labels'
  /** The teacher's logits for the same views. */
  | 'teacher'
  /** Feature maps of student and teacher, and the teacher's logits. */
  | 'maps'
  /** The same, with the student's maps in the teacher's channels: where these differ, a 1×1 convolution is learned. */
  | 'connectedMaps'
  /** What the student's classifier takes. */
  | 'pooled';

/** What the value of a loss is computed from: what it needs, and nothing else. */
export interface LossInput {
  /** Of the student, [batch, classes]. */
  readonly logits: Tensor2D;
  /** Of the teacher for the same views, [batch, classes]; undefined for a loss that needs no teacher. */
  readonly teacherLogits: Tensor2D | undefined;
  /** One pair for each level of the student that has a partner; empty for a loss that compares no maps. */
  readonly maps: readonly MapPair[];
  /** What the student's classifier takes, [batch, width], before the sign of a binary one; for a loss that needs `pooled`. */
  readonly pooled: Tensor2D | undefined;
  /** A loss by the labels [batch]; of mixed images λ · loss(y) + (1 − λ) · loss(y of the partner). */
  readonly byLabels: (loss: (labels: Tensor1D) => Tensor1D) => Tensor1D;
}

/** What the state of a loss may depend on. */
export interface LossStateSize {
  readonly classes: number;
  /** The width of what the student's classifier takes. */
  readonly width: number;
  /** Keys initial values. */
  readonly seed: number;
}

/** Tensors of a loss's own that learn beside the student, by an optimizer of their own. They serve training only. */
export interface LossState {
  /** By name. Checkpoints hold them, so that a resumed run has them bit for bit. */
  readonly variables: ReadonlyMap<string, Variable>;
  /**
   * Moves one of the variables. It is called after each batch whose loss depends on the variable.
   *
   * @param gradient of the run's loss, in which the term counts with `weight`; it stays the caller's
   * @param weight of the term in that batch, above 0: `gradient / weight` is the gradient of the loss alone
   * @param name of the variable
   */
  move(gradient: Tensor, weight: number, name: string): void;
  dispose(): void;
}

/** How the state of a loss is made. */
export interface LossStateFactory {
  /** Is called once a stage. */
  create(size: LossStateSize, options: Readonly<Record<string, number>>): LossState;
  /** What the names of its tensors begin with in checkpoints; default `losses.<name of the loss>.`. */
  readonly prefix?: string;
}

/** The options of a loss by name: the default alone, or a {@link LossOption}. */
export type LossOptionSpecs = Readonly<Record<string, number | LossOption>>;

/**
 * A loss that a run can have as a term. Those of this package and those that are registered are objects of the same kind.
 * All that recipes, flags, checks, the trainer and the documentation know of a loss stands here.
 */
export interface Loss {
  /** In recipes, flags and metrics: letters and digits, beginning with a letter. */
  readonly name: string;
  /** One sentence for the documentation. */
  readonly description?: string;
  /** The value of a sample, for the documentation. */
  readonly formula?: string;
  /** The function of the library that computes it, as it is called. */
  readonly library?: string;
  /** The paper. */
  readonly source?: string;
  /** One need, or a list of them. */
  readonly needs: LossNeed | readonly LossNeed[];
  /** The weight in a run that names no losses; default 0. */
  readonly defaultWeight?: number;
  /**
   * The options beside the weight. One that is named `temperature` or `T` is the temperature at which the loss takes the
   * teacher's probabilities.
   */
  readonly options?: LossOptionSpecs;
  /**
   * Checks options together, each being in its range.
   *
   * @throws InputError for those that cannot be
   */
  check?(options: Readonly<Record<string, number>>): void;
  /**
   * The name of the loss whose gradient it has with these options, where that is another's. Two terms with one gradient
   * count the same thing twice and are refused together.
   */
  sameGradientAs?(options: Readonly<Record<string, number>>): string | undefined;
  /** What learns beside the student; default nothing. */
  readonly state?: LossStateFactory;
  /** One value a sample, [batch], with a gradient to what comes from the student and to the state. */
  value(input: LossInput, options: Readonly<Record<string, number>>, state: LossState | undefined): Tensor1D;
}

/** `T` for a loss with one of the needs, undefined for another. */
type Given<Needs, Wanted, T> = [Extract<Needs, Wanted>] extends [never] ? undefined : T;

/** A {@link Loss} whose functions have the types of what they get: its needs, its options by name and its state. */
export interface LossDefinition<
  Name extends string,
  Needs extends LossNeed,
  Options extends LossOptionSpecs,
  State extends LossState | undefined,
> extends Omit<Loss, 'name' | 'needs' | 'options' | 'check' | 'sameGradientAs' | 'state' | 'value'> {
  readonly name: Name;
  readonly needs: Needs | readonly Needs[];
  readonly options?: Options;
  check?(options: OptionValues<Options>): void;
  sameGradientAs?(options: OptionValues<Options>): string | undefined;
  readonly state?: Omit<LossStateFactory, 'create'> & {
    create(size: LossStateSize, options: OptionValues<Options>): NonNullable<State>;
  };
  value(
    input: LossInput & {
      readonly teacherLogits: Given<Needs, 'teacher' | 'maps' | 'connectedMaps', Tensor2D>;
      readonly pooled: Given<Needs, 'pooled', Tensor2D>;
    },
    options: OptionValues<Options>,
    state: State,
  ): Tensor1D;
}

/** The loss as it is; its functions cannot read what it does not say that it needs. */
export function defineLoss<
  const Name extends string,
  const Needs extends LossNeed,
  const Options extends LossOptionSpecs = Readonly<Record<never, number>>,
  State extends LossState | undefined = undefined,
>(definition: LossDefinition<Name, Needs, Options, State>): Loss & { readonly name: Name } {
  return definition;
}

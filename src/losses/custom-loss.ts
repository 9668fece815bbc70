import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';

/** A feature map of the student and the teacher's of the same height and width, NHWC. */
export interface MapPair {
  /** The level of the student, from 1. */
  readonly level: number;
  readonly student: Tensor4D;
  /** Each sample of unit norm times √(H·W·C); its channels may be of another number than the student's. */
  readonly teacher: Tensor4D;
}

/** What a custom term of a run is computed from. */
export interface LossInput {
  /** Of the student, [batch, classes]. */
  readonly logits: Tensor2D;
  /** Of the teacher for the same views; undefined for a loss that needs none. */
  readonly teacherLogits: Tensor2D | undefined;
  /** Empty for a loss that compares no maps. */
  readonly maps: readonly MapPair[];
  /** A loss by the labels [batch]; of mixed images λ · loss(y) + (1 − λ) · loss(y of the partner). */
  readonly byLabels: (loss: (labels: Tensor1D) => Tensor1D) => Tensor1D;
}

/** A loss that a run can have as a term. */
export interface CustomLoss {
  /** In recipes, flags and metrics: letters and digits, beginning with a letter. */
  readonly name: string;
  /** `labels` for neither of the two; `maps` are feature maps and logits of a teacher. */
  readonly needs: 'labels' | 'teacher' | 'maps';
  /** The options beside the weight, each with its default. */
  readonly options?: Readonly<Record<string, number>>;
  /** Throws an InputError for options out of range. */
  readonly check?: (options: Readonly<Record<string, number>>) => void;
  /** One value a sample, [batch], with a gradient to what comes from the student. */
  readonly value: (input: LossInput, options: Readonly<Record<string, number>>) => Tensor1D;
}

const registered = new Map<string, CustomLoss>();

/**
 * Makes a loss known to recipes and flags under its name, with weight 0 unless they say otherwise. One of the same name
 * that was registered before is replaced.
 *
 * @throws InputError for a name that is not letters and digits, or of a loss of this package
 */
export function registerLoss(loss: CustomLoss, taken: readonly string[] = builtInNames): void {
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(loss.name)) {
    throw new InputError(
      `the name of a loss must be letters and digits, beginning with a letter, got '${loss.name}'.`,
    );
  }
  if (taken.includes(loss.name))
    throw new InputError(`the loss '${loss.name}' is one of this package.`, { fix: 'choose another name' });
  if (Object.hasOwn(loss.options ?? {}, 'weight'))
    throw new InputError(`the loss '${loss.name}' has an option 'weight', which every term has.`);
  registered.set(loss.name, loss);
}

/** The losses of this package, in the order in which they are reported. */
export const builtInNames = [
  'kl',
  'features',
  'attention',
  'refinery',
  'distribution',
  'crossEntropy',
  'center',
] as const;

/** The losses that were registered, in that order. */
export function customLosses(): CustomLoss[] {
  return [...registered.values()];
}

/** A loss that was registered; undefined for one of this package. */
export function customLoss(name: string): CustomLoss | undefined {
  return registered.get(name);
}

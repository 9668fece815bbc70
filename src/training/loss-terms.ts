import { add, mul, type Tensor1D, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import type { LossInput } from '../losses/loss.js';
import { comparesMaps, needsOneOf, needsTeacher } from '../losses/loss-needs.js';
import { type LossSetting, optionValues } from '../losses/loss-settings.js';
import { isWeighed, lossWeightAt } from '../losses/loss-weight.js';
import type { MapPair } from '../losses/map-pairs.js';
import { lossOf } from '../losses/registry.js';
import type { LossTerm } from '../losses/weighted-sum.js';
import type { NetworkOutput } from '../models/network.js';
import { toBatchMajor } from '../ops/position-major.js';
import type { Connectors, LevelPair } from './level-pairs.js';
import type { LossStates } from './loss-states.js';

/** Targets as tensors. */
export interface TargetTensors {
  readonly logits: Tensor2D;
  /** NHWC, by the name of the tap. */
  readonly features: ReadonlyMap<string, Tensor4D>;
}

/** What the losses of a batch are computed from. */
export interface LossInputs {
  readonly output: NetworkOutput;
  readonly labels: Tensor1D;
  /** For mixed images: the labels of the partners, and the share of `labels`. */
  readonly mix?: { readonly labels: Tensor1D; readonly lambda: number } | undefined;
  /** Undefined without a teacher. */
  readonly targets: TargetTensors | undefined;
  readonly pairs: readonly LevelPair[];
  readonly connectors: Connectors;
  /** The states of losses that learn something themselves. */
  readonly states: LossStates;
}

/**
 * The terms of all losses that have a weight at some time of the stage.
 *
 * @param share of the stage that is over, from 0 to 1; default 0
 */
export function lossTerms(settings: readonly LossSetting[], inputs: LossInputs, share = 0): LossTerm[] {
  return settings
    .filter(({ weight }) => isWeighed(weight))
    .map((setting) => ({
      name: setting.name,
      weight: lossWeightAt(setting.weight, share),
      value: lossOf(setting.name).value(
        inputOf(setting, inputs),
        optionValues(setting),
        inputs.states.of(setting.name),
      ),
    }));
}

/** The inputs that a loss needs. */
function inputOf(setting: LossSetting, inputs: LossInputs): LossInput {
  const { output, targets } = inputs;
  return {
    logits: output.logits,
    teacherLogits: needsTeacher(setting) ? targets!.logits : undefined,
    maps: comparesMaps(setting) ? mapPairs(inputs, needsOneOf(setting, 'connectedMaps')) : [],
    pooled: needsOneOf(setting, 'pooled') ? output.pooled : undefined,
    byLabels: (loss) => forLabels(inputs, loss),
  };
}

/** The maps of student and teacher, NHWC. If `connected`, the student's have the teacher's channels. */
function mapPairs({ output, targets, pairs, connectors }: LossInputs, connected: boolean): MapPair[] {
  return pairs.map(({ level, tap }) => {
    const map = output.features.get(level)!;
    return {
      level,
      student: toBatchMajor(connected ? connectors.apply(level, map) : map),
      teacher: targets!.features.get(tap.name)!,
    };
  });
}

/** A loss that compares with labels; for mixed images λ · loss(y) + (1 − λ) · loss(y of the partner). */
function forLabels({ labels, mix }: LossInputs, loss: (labels: Tensor1D) => Tensor1D): Tensor1D {
  if (!mix) return loss(labels);
  return add(mul(loss(labels), mix.lambda), mul(loss(mix.labels), 1 - mix.lambda));
}

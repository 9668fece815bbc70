import { add, mul, type Tensor1D, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { attentionMatching } from '../losses/attention-matching.js';
import { featureMatching } from '../losses/feature-matching.js';
import { centerLoss } from '../losses/center-loss.js';
import { customLoss } from '../losses/custom-loss.js';
import { distributionLoss } from '../losses/distribution-loss.js';
import { klDivergence } from '../losses/kl-divergence.js';
import { labelRefinery } from '../losses/label-refinery.js';
import { labelSmoothedCrossEntropy } from '../losses/label-smoothed-cross-entropy.js';
import type { LossSetting } from '../losses/loss-settings.js';
import { isWeighed, lossWeightAt } from '../losses/loss-weight.js';
import type { LossTerm } from '../losses/weighted-sum.js';
import type { NetworkOutput } from '../models/network.js';
import { toBatchMajor } from '../ops/position-major.js';
import type { Centers } from './centers.js';
import type { Connectors, LevelPair } from './level-pairs.js';

/** The teacher's answer as tensors. */
export interface TargetTensors {
  readonly logits: Tensor2D;
  /** NHWC, by the name of the tap. */
  readonly features: ReadonlyMap<string, Tensor4D>;
}

/** What the loss terms of a batch are computed from. */
export interface LossInputs {
  readonly output: NetworkOutput;
  readonly labels: Tensor1D;
  /** Of mixed images: the labels of the partners, and the share of those of `labels`. */
  readonly mix?: { readonly labels: Tensor1D; readonly lambda: number } | undefined;
  /** Absent when the run has no teacher. */
  readonly targets: TargetTensors | undefined;
  readonly pairs: readonly LevelPair[];
  readonly connectors: Connectors;
  /** For the loss `center`. */
  readonly centers?: Centers | undefined;
}

/** The terms with a weight that need the teacher's logits or feature maps. */
export function taughtLosses(settings: readonly LossSetting[]): LossSetting[] {
  return settings.filter((setting) => isWeighed(setting.weight) && needsTeacher(setting));
}

/** The terms with a weight that compare feature maps. */
export function comparingLosses(settings: readonly LossSetting[]): LossSetting[] {
  return settings.filter((setting) => isWeighed(setting.weight) && comparesMaps(setting));
}

/** Whether a term needs the teacher's logits or feature maps. */
export function needsTeacher({ name }: LossSetting): boolean {
  const custom = customLoss(name);
  return custom ? custom.needs !== 'labels' : name !== 'crossEntropy' && name !== 'center';
}

/** Whether a term compares feature maps. */
export function comparesMaps({ name }: LossSetting): boolean {
  return name === 'features' || name === 'attention' || customLoss(name)?.needs === 'maps';
}

/**
 * The terms that have a weight at some moment of the stage. `features` and `attention` are means over the pairs of levels.
 *
 * @param share of the stage that is over, from 0 to 1; default 0
 */
export function lossTerms(settings: readonly LossSetting[], inputs: LossInputs, share = 0): LossTerm[] {
  return settings
    .filter(({ weight }) => isWeighed(weight))
    .map((setting) => ({
      name: setting.name,
      weight: lossWeightAt(setting.weight, share),
      value: lossValue(setting, inputs),
    }));
}

function lossValue({ name, options }: LossSetting, inputs: LossInputs): Tensor1D {
  const { logits } = inputs.output;
  switch (name) {
    case 'kl':
      return klDivergence(logits, inputs.targets!.logits, { temperature: options.T! });
    case 'refinery':
      return labelRefinery(logits, inputs.targets!.logits);
    case 'distribution':
      return distributionLoss(logits, inputs.targets!.logits);
    case 'crossEntropy':
      return forLabels(inputs, (labels) =>
        labelSmoothedCrossEntropy(logits, labels, { epsilon: options.epsilon! }),
      );
    case 'features':
      return meanOverPairs(inputs, (pair, map) => {
        const connected = inputs.connectors.apply(pair.level, map);
        return featureMatching(toBatchMajor(connected), inputs.targets!.features.get(pair.tap.name)!);
      });
    case 'attention':
      return meanOverPairs(inputs, (pair, map) =>
        attentionMatching(toBatchMajor(map), inputs.targets!.features.get(pair.tap.name)!),
      );
    case 'center':
      return forLabels(inputs, (labels) =>
        centerLoss(inputs.output.pooled!, labels, inputs.centers!.variable as Tensor2D),
      );
    default:
      return customValue(name, options, inputs);
  }
}

/** The value of a loss that was registered. */
function customValue(name: string, options: LossSetting['options'], inputs: LossInputs): Tensor1D {
  const custom = customLoss(name);
  if (!custom) throw new Error(`the loss ${name} is not registered`);
  const { output, targets, pairs } = inputs;
  const isTaught = custom.needs !== 'labels';
  const maps =
    custom.needs !== 'maps'
      ? []
      : pairs.map(({ level, tap }) => ({
          level,
          student: toBatchMajor(output.features.get(level)!),
          teacher: targets!.features.get(tap.name)!,
        }));
  return custom.value(
    {
      logits: output.logits,
      teacherLogits: isTaught ? targets!.logits : undefined,
      maps,
      byLabels: (loss) => forLabels(inputs, loss),
    },
    options as Readonly<Record<string, number>>,
  );
}

/** A loss by the labels; of mixed images λ · loss(y) + (1 − λ) · loss(y of the partner). */
function forLabels({ labels, mix }: LossInputs, loss: (labels: Tensor1D) => Tensor1D): Tensor1D {
  if (!mix) return loss(labels);
  return add(mul(loss(labels), mix.lambda), mul(loss(mix.labels), 1 - mix.lambda));
}

function meanOverPairs(
  { output, pairs }: LossInputs,
  compare: (pair: LevelPair, map: Tensor4D) => Tensor1D,
): Tensor1D {
  return mul(
    pairs
      .map((pair) => compare(pair, output.features.get(pair.level)!))
      .reduce((sum, value) => add(sum, value)),
    1 / pairs.length,
  );
}

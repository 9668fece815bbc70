import {
  keep,
  type Scalar,
  tensor,
  tensor1d,
  tensor2d,
  type Tensor2D,
  tensor4d,
  type Variable,
} from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import type { Batches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { InputError, RunError } from '../errors.js';
import type { LossSetting } from '../losses/loss-settings.js';
import { isWeighed, lossWeightAt } from '../losses/loss-weight.js';
import { weightedSum } from '../losses/weighted-sum.js';
import type { BinaryResNet } from '../models/bnn-resnet.js';
import type { Parameter } from '../nn/parameters.js';
import type { TargetSource, TeacherTargets } from '../teacher/targets.js';
import { BatchMixer, type TrainerMix } from './batch-mixer.js';
import { backpropagate } from './backpropagation.js';
import { type GradientSettings, type GradientSteps, gradientSteps } from './gradient-steps.js';
import type { Centers } from './centers.js';
import type { Connectors } from './level-pairs.js';
import type { LayerRecord, LayerStatistics } from './layer-statistics.js';
import { type LevelPair } from './level-pairs.js';
import type { Optimizer } from './optimizer.js';
import { studentInput } from './pictures.js';
import type { Schedule } from './schedules/schedules.js';
import { comparingLosses, lossTerms, type TargetTensors } from './student-losses.js';
import { assignAll, type TrainingState, underPrefix, valuesOf } from './training-state.js';
import { equalCount, topClasses } from './top-classes.js';
import { taughtBatches } from './taught-batches.js';
import type { WeightAverage } from './weight-average.js';

/** What one step did. */
export interface StepReport {
  /** Epoch, from 0. */
  readonly epoch: number;
  /** Step of the epoch, from 0, and their number. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** The weighted sum, and the batch mean of each term. */
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly lr: number;
  /** Of each layer, where the step is recorded. */
  readonly layers?: readonly LayerRecord[];
  readonly images: number;
  /** Pictures whose largest logit is that of their label, before the step; absent where pictures are mixed. */
  readonly correct?: number;
  /** Pictures whose largest logit is the teacher's too; absent without a teacher. */
  readonly agreeing?: number;
  /** Milliseconds that the step waited for its batch, took for the teacher and for the student. */
  readonly dataMs: number;
  readonly teacherMs: number;
  readonly studentMs: number;
}

/** What {@link Trainer.step} gives. */
export interface StepResult extends Pick<StepReport, 'loss' | 'terms' | 'correct' | 'agreeing'> {
  readonly layers: LayerRecord[] | undefined;
}

/** What a {@link Trainer} is made of. */
export interface TrainerParts {
  readonly student: BinaryResNet;
  /** The training pictures, for their normalisation. */
  readonly dataset: Dataset;
  readonly batches: Batches;
  /** Absent when no loss needs a teacher. */
  readonly teacher: TargetSource | undefined;
  readonly losses: readonly LossSetting[];
  readonly pairs: readonly LevelPair[];
  readonly connectors: Connectors;
  /** Needed for the loss `center`. */
  readonly centers?: Centers | undefined;
  readonly optimizer: Optimizer;
  /** The learning rate by the fractional epoch. */
  readonly schedule: Schedule;
  /** What is done to gradients before the optimizer gets them; default nothing. */
  readonly gradient?: GradientSettings;
  /** Records of the layers every so many steps; default none. */
  readonly statistics?: LayerStatistics | undefined;
  /** Updated after each step of the optimizer. */
  readonly average?: WeightAverage | undefined;
  /**
   * The epochs of the stage, over which a sign gradient sharpens and the weights of losses go from one value to another;
   * needed for these only.
   */
  readonly epochs?: number;
  /** Mixup and CutMix; default none. */
  readonly mix?: TrainerMix;
}

/** Where what is not the network's own stands among the tensors of a {@link TrainingState}. */
const prefixes = {
  optimizer: 'optimizer.',
  gathered: 'gathered.',
  centers: 'centers.',
  average: 'average.',
  statistics: 'statistics.',
} as const;

/** Minimises the weighted sum of losses over batches of views. It prints nothing: each step is reported to the caller. */
export class Trainer {
  readonly #parts: TrainerParts;
  readonly #parameters: ReadonlyMap<number, Parameter>;
  readonly #variables: readonly Variable[];
  readonly #wanted: ReadonlySet<number>;
  readonly #steps: GradientSteps;
  readonly #mixer: BatchMixer | undefined;

  /**
   * @throws InputError for gradient settings or a mixing out of range, a sign gradient that sharpens without `epochs`, or a
   *   mixing for which the teacher has no targets
   */
  constructor(parts: TrainerParts) {
    this.#parts = parts;
    this.#steps = gradientSteps(parts.optimizer, parts.gradient);
    const { signGradient } = parts.student;
    if (signGradient.sharpens && parts.epochs === undefined) {
      throw new InputError(
        `the sign gradient '${signGradient.name}' sharpens over the epochs of a stage, and their number is missing.`,
      );
    }
    const moving = parts.losses.find(({ weight }) => typeof weight !== 'number');
    if (moving && parts.epochs === undefined) {
      throw new InputError(
        `the weight of the loss '${moving.name}' changes over the epochs of a stage, and their number is missing.`,
      );
    }
    this.#mixer = BatchMixer.of(parts.mix, { ...parts, size: parts.dataset.size });
    const all = [...parts.student.store.parameters, ...parts.connectors.store.parameters];
    this.#parameters = new Map(all.map((parameter) => [parameter.variable.id, parameter]));
    const { centers } = parts;
    if (!centers && parts.losses.some(({ name, weight }) => name === 'center' && isWeighed(weight)))
      throw new InputError("the loss 'center' needs the centres of the classes, and they are missing.");
    this.#variables = [...all.map(({ variable }) => variable), ...(centers ? [centers.variable] : [])];
    const comparing = comparingLosses(parts.losses);
    this.#wanted = new Set(comparing.length > 0 ? parts.pairs.map(({ level }) => level) : []);
  }

  /**
   * Trains one epoch, step by step.
   *
   * @param firstStep where in the epoch to begin, which must be where the state is; default 0
   * @throws RunError when a loss is not finite; it names the step and the term
   */
  async *epoch(epoch: number, firstStep = 0): AsyncGenerator<StepReport> {
    const { batches, student, teacher } = this.#parts;
    const stepsPerEpoch = batches.batchesPerEpoch;
    let step = firstStep;
    const mixing = this.#mixer && { mixer: this.#mixer, epoch, firstStep };
    for await (const taught of taughtBatches(batches.epoch(epoch, firstStep), teacher, mixing)) {
      const { batch, targets, dataMs, teacherMs } = taught;
      const began = performance.now();
      const moment = epoch + step / stepsPerEpoch;
      const lr = this.#parts.schedule(moment);
      const share = this.#parts.epochs === undefined ? 0 : moment / this.#parts.epochs;
      student.signGradient.moveTo(share);
      const { loss, terms, layers, ...counts } = this.step(batch, targets, lr, share);
      const studentMs = performance.now() - began;
      const place = `step ${step + 1} of epoch ${epoch + 1}`;
      checkFinite(place, loss, terms);
      const times = { dataMs, teacherMs, studentMs };
      const recorded = layers ? { layers } : {};
      yield {
        epoch,
        step,
        stepsPerEpoch,
        loss,
        terms,
        lr,
        images: batch.size,
        ...counts,
        ...times,
        ...recorded,
      };
      batches.recycle(taught.source);
      if (batch !== taught.source) this.#mixer?.recycle(batch);
      taught.recycle();
      step++;
    }
  }

  /**
   * One optimisation step on one batch, or its share of one where gradients are accumulated; gives the loss and the batch
   * mean of each term.
   *
   * @param share of the stage that is over, by which weights of losses move; default 0
   */
  step(batch: Batch, targets: TeacherTargets | undefined, lr: number, share = 0): StepResult {
    const { student, dataset, losses, pairs, connectors, centers, average, statistics } = this.#parts;
    const input = studentInput(batch, dataset);
    const labels = tensor1d(batch.labels, 'int32');
    const mix = batch.mix && {
      labels: tensor1d(
        Int32Array.from(batch.mix.partner, (place) => batch.labels[place]),
        'int32',
      ),
      lambda: batch.mix.lambda,
    };
    const targetTensors = targets && this.#asTensors(targets, batch.size);
    const means = new Map<string, Scalar>();
    let logits: Tensor2D | undefined;
    this.#steps.begin();
    const center = losses.find(({ name }) => name === 'center');
    const centerWeight = center ? lossWeightAt(center.weight, share) : 0;
    const recording = statistics?.begin() === true;
    const total = backpropagate(
      () => {
        const output = student.apply(input, true, this.#wanted, centers !== undefined);
        logits = keep(output.logits);
        const inputs = { output, labels, mix, targets: targetTensors, pairs, connectors, centers };
        const sum = weightedSum(lossTerms(losses, inputs, share));
        for (const [name, mean] of sum.byName) means.set(name, keep(mean));
        return sum.total;
      },
      this.#variables,
      (variable, gradient) => {
        if (variable === centers?.variable) {
          centers.move(gradient, centerWeight);
          gradient.dispose();
          return;
        }
        const parameter = this.#parameters.get(variable.id)!;
        if (recording) statistics.note(parameter, gradient);
        this.#steps.take(parameter, gradient, lr);
      },
    );
    if (this.#steps.end(lr)) average?.update();
    const layers = recording ? statistics.records() : undefined;
    const loss = total.dataSync()[0];
    const terms = Object.fromEntries([...means].map(([name, mean]) => [name, mean.dataSync()[0]]));
    const top = topClasses(logits!.dataSync(), student.classes);
    const counts = {
      ...(mix ? {} : { correct: equalCount(top, batch.labels) }),
      ...(targets ? { agreeing: equalCount(top, topClasses(targets.logits, student.classes)) } : {}),
    };
    for (const tensor of [total, logits!, input, labels, ...(mix ? [mix.labels] : []), ...means.values()])
      tensor.dispose();
    targetTensors?.logits.dispose();
    for (const map of targetTensors?.features.values() ?? []) map.dispose();
    return { loss, terms, layers, ...counts };
  }

  /**
   * All that the next step depends on beside the data: the student's tensors by their own names, those of the connectors
   * under `connectors.`, and under `optimizer.`, `gathered.`, `centers.`, `average.` and `statistics.` what these carry.
   * It is the caller's to keep: later steps do not change it.
   */
  state(): TrainingState {
    const { student, connectors, optimizer, centers, average, statistics } = this.#parts;
    const { batches, gradients } = this.#steps.gathered();
    const gathered = new Map([...gradients].map(([{ name }, gradient]) => [name, gradient]));
    const layers = statistics?.state();
    return {
      tensors: new Map([
        ...valuesOf(student.store.named()),
        ...valuesOf(connectors.store.named()),
        ...valuesOf(optimizer.state(), prefixes.optimizer),
        ...valuesOf(gathered, prefixes.gathered),
        ...valuesOf(new Map(centers ? [['all', centers.variable]] : []), prefixes.centers),
        ...valuesOf(average?.state() ?? new Map<string, Variable>(), prefixes.average),
        ...[...(layers?.tensors ?? [])].map(([name, held]) => [prefixes.statistics + name, held] as const),
      ]),
      counts: {
        optimizerSteps: optimizer.steps,
        gatheredBatches: batches,
        averageUpdates: average?.updates ?? 0,
        statisticsSteps: layers?.counts['steps'] ?? 0,
      },
    };
  }

  /**
   * Goes on from the state of a trainer of the same parts.
   *
   * @throws Error if it is of other parts
   */
  restore({ tensors, counts }: TrainingState): void {
    const { student, connectors, optimizer, centers, average, statistics } = this.#parts;
    assignAll(student.store.named(), tensors);
    assignAll(connectors.store.named(), tensors);
    optimizer.restore(underPrefix(tensors, prefixes.optimizer), counts['optimizerSteps']);
    const byName = new Map([...this.#parameters.values()].map((parameter) => [parameter.name, parameter]));
    const gathered = [...underPrefix(tensors, prefixes.gathered)].map(
      ([name, { values, shape }]) => [byName.get(name)!, tensor(values.slice(), [...shape])] as const,
    );
    this.#steps.restore(counts['gatheredBatches'], new Map(gathered));
    if (centers) assignAll(new Map([['all', centers.variable]]), underPrefix(tensors, prefixes.centers));
    average?.restoreState(underPrefix(tensors, prefixes.average), counts['averageUpdates']);
    statistics?.restore({
      tensors: underPrefix(tensors, prefixes.statistics),
      counts: { steps: counts['statisticsSteps'] },
    });
  }

  /** Lets go of gradients gathered for a step that never came; the parts stay the caller's. */
  dispose(): void {
    this.#steps.dispose();
  }

  #asTensors({ logits, features }: TeacherTargets, size: number): TargetTensors {
    const pairs = this.#wanted.size > 0 ? this.#parts.pairs : [];
    const maps = pairs.map(
      ({ tap }) => [tap.name, tensor4d(features.get(tap.name)!, [size, ...tap.shape])] as const,
    );
    return { logits: tensor2d(logits, [size, this.#parts.student.classes]), features: new Map(maps) };
  }
}

function checkFinite(place: string, loss: number, terms: Readonly<Record<string, number>>): void {
  const term = Object.entries(terms).find(([, value]) => !Number.isFinite(value));
  if (Number.isFinite(loss) && !term) return;
  const what = term ? `the loss term '${term[0]}' is ${term[1]}` : `the loss is ${loss}`;
  throw new RunError(`${what} at ${place}.`, {
    fix: 'use a smaller learning rate (--lr), or look for pictures or labels that are not finite',
  });
}

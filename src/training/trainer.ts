import { type Scalar, type Tensor, tensor, type Variable } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import { InputError } from '../errors.js';
import { comparesMaps, needsOneOf } from '../losses/loss-needs.js';
import { isWeighed } from '../losses/loss-weight.js';
import { weightedSum } from '../losses/weighted-sum.js';
import type { Parameter } from '../nn/parameters.js';
import { type GradientSteps, gradientSteps } from '../optim/gradient-steps.js';
import type { TeacherTargets } from '../teacher/targets.js';
import { backpropagate } from './backpropagation.js';
import { BatchMixer } from './batch-mixer.js';
import { type BatchTensors, batchTensors, disposeBatch } from './batch-tensors.js';
import { type BatchWithTargets, batchesWithTargets } from './batches-with-targets.js';
import type { LevelPair } from './level-pairs.js';
import { LossStates } from './loss-states.js';
import { lossTerms } from './loss-terms.js';
import { firstNonFiniteLayer, NonFiniteLoss, nonFinitePart } from './non-finite.js';
import { equalCount, topClasses } from './top-classes.js';
import type { StepReport, StepResult, TrainerParts } from './trainer-parts.js';
import { assignAll, type TrainingState, underPrefix, valuesOf } from './training-state.js';

export type { StepReport, StepResult, TrainerParts } from './trainer-parts.js';

/**
 * The prefixes of tensors in a {@link TrainingState}. Tensors of student, connectors and losses have none.
 */
const prefixes = {
  optimizer: 'optimizer.',
  accumulated: 'gathered.',
  average: 'average.',
  statistics: 'statistics.',
} as const;

/** What a forward pass computes. */
interface Forward extends Pick<StepResult, 'loss' | 'terms'> {
  /** The weighted sum of the losses, whose value is `loss`. */
  readonly sum: Scalar;
  /** The class of each image's largest logit. */
  readonly top: Int32Array;
}

/**
 * Minimises the weighted sum of losses over batches of views:
 *
 *     for await (const { loss } of trainer.epoch(0)) console.log(loss);
 *
 * The parts stay the caller's, who also disposes of them.
 */
export class Trainer {
  readonly #parts: TrainerParts;
  /** The parameters of student and connectors, by the id of their variable. */
  readonly #parameters: ReadonlyMap<number, Parameter>;
  readonly #states: LossStates;
  /** All variables that are trained: those of the parameters and of the losses' states. */
  readonly #variables: readonly Variable[];
  /** The pairs of levels and taps whose maps are compared; none without such a loss. */
  readonly #pairs: readonly LevelPair[];
  /** The levels of these pairs. */
  readonly #levels: ReadonlySet<number>;
  readonly #needsPooled: boolean;
  readonly #steps: GradientSteps;
  readonly #mixer: BatchMixer | undefined;

  /**
   * @throws InputError for gradient settings or a mixing out of range, a sign gradient that sharpens or a
   *   loss weight that changes without `epochs`, or a mixing for which the teacher has no targets
   */
  constructor(parts: TrainerParts) {
    checkEpochs(parts);
    const { student, connectors, losses, dataset } = parts;
    this.#parts = parts;
    this.#steps = gradientSteps(parts.optimizer, parts.gradient);
    this.#mixer = BatchMixer.of(parts.mix, { ...parts, size: dataset.size });
    const parameters = [...student.store.parameters, ...connectors.store.parameters];
    this.#parameters = new Map(parameters.map((parameter) => [parameter.variable.id, parameter]));
    const active = losses.filter(({ weight }) => isWeighed(weight));
    this.#pairs = active.some(comparesMaps) ? parts.pairs : [];
    this.#levels = new Set(this.#pairs.map(({ level }) => level));
    this.#needsPooled = active.some((setting) => needsOneOf(setting, 'pooled'));
    this.#states = new LossStates(losses, student);
    this.#variables = [...parameters.map(({ variable }) => variable), ...this.#states.variables];
  }

  /**
   * Trains one epoch, step by step.
   *
   * @param firstStep the step of the epoch to begin with; the state must be that of the step before. Default
   *   0
   * @throws NonFiniteLoss if a loss is not finite; it names step, term and the first such layer
   */
  async *epoch(epoch: number, firstStep = 0): AsyncGenerator<StepReport> {
    const { batches, teacher } = this.#parts;
    const mixing = this.#mixer && { mixer: this.#mixer, epoch, firstStep };
    let step = firstStep;
    for await (const item of batchesWithTargets(batches.epoch(epoch, firstStep), teacher, mixing)) {
      yield this.#stepOf(item, epoch, step++);
      batches.recycle(item.source);
      if (item.batch !== item.source) this.#mixer?.recycle(item.batch);
      item.recycle();
    }
  }

  /**
   * Takes one optimisation step on one batch. With accumulated gradients it is a share of a step.
   *
   * @param share of the stage that is over, by which weights of losses change; default 0
   */
  step(batch: Batch, targets: TeacherTargets | undefined, lr: number, share = 0): StepResult {
    const { student, dataset, average, statistics } = this.#parts;
    const tensors = batchTensors(batch, targets, dataset, this.#pairs);
    const isRecorded = statistics?.begin() === true;
    this.#steps.begin();
    let forward!: Forward;
    try {
      const loss = backpropagate(
        () => {
          forward = this.#forward(tensors, share);
          const part = nonFinitePart(forward.loss, forward.terms);
          if (part !== undefined) throw new NonFiniteLoss({ part, layer: undefined, batch });
          return forward.sum;
        },
        this.#variables,
        (variable, gradient) => {
          if (isRecorded) this.#record(variable, gradient);
          this.#move(variable, gradient, lr, share);
        },
      );
      loss.dispose();
    } catch (error) {
      if (!(error instanceof NonFiniteLoss)) throw error;
      throw new NonFiniteLoss({ ...error.place, layer: firstNonFiniteLayer(student, tensors.input) });
    } finally {
      disposeBatch(tensors);
    }
    if (this.#steps.end(lr)) average?.update();
    const { loss, terms, top } = forward;
    return {
      loss,
      terms,
      ...(isRecorded ? { layers: statistics.records() } : {}),
      ...(batch.mix ? {} : { correct: equalCount(top, batch.labels) }),
      ...(targets ? { agreeing: equalCount(top, topClasses(targets.logits, student.classes)) } : {}),
    };
  }

  /**
   * Everything that the next step depends on, except for the data: the student's tensors by their own names,
   * those of the connectors under `connectors.`, those of the losses under the prefixes that
   * they name, those of the optimizer under `optimizer.`, accumulated gradients under `gathered.`, and
   * `average.` and `statistics.`. Later steps do not change it.
   */
  state(): TrainingState {
    const { student, connectors, optimizer, average, statistics } = this.#parts;
    const { batches, gradients } = this.#steps.accumulated();
    const accumulated = new Map([...gradients].map(([{ name }, gradient]) => [name, gradient]));
    const layers = statistics?.state();
    return {
      tensors: new Map([
        ...valuesOf(student.store.named()),
        ...valuesOf(connectors.store.named()),
        ...valuesOf(optimizer.state(), prefixes.optimizer),
        ...valuesOf(accumulated, prefixes.accumulated),
        ...valuesOf(this.#states.named()),
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
   * Continues from the state of a trainer with the same parts.
   *
   * @throws Error if the parts differ
   */
  restore({ tensors, counts }: TrainingState): void {
    const { student, connectors, optimizer, average, statistics } = this.#parts;
    assignAll(student.store.named(), tensors);
    assignAll(connectors.store.named(), tensors);
    optimizer.restore(underPrefix(tensors, prefixes.optimizer), counts['optimizerSteps']);
    const byName = new Map([...this.#parameters.values()].map((parameter) => [parameter.name, parameter]));
    const accumulated = [...underPrefix(tensors, prefixes.accumulated)].map(
      ([name, { values, shape }]) => [byName.get(name)!, tensor(values.slice(), [...shape])] as const,
    );
    this.#steps.restore(counts['gatheredBatches'], new Map(accumulated));
    assignAll(this.#states.named(), tensors);
    average?.restoreState(underPrefix(tensors, prefixes.average), counts['averageUpdates']);
    statistics?.restore({
      tensors: underPrefix(tensors, prefixes.statistics),
      counts: { steps: counts['statisticsSteps'] },
    });
  }

  /** Frees the states of the losses, and accumulated gradients that no step has used. */
  dispose(): void {
    this.#states.dispose();
    this.#steps.dispose();
  }

  /** Takes a step of an epoch, with the learning rate and the loss weights of its time. */
  #stepOf({ batch, targets, dataMs, teacherMs }: BatchWithTargets, epoch: number, step: number): StepReport {
    const { student, batches, schedule, epochs } = this.#parts;
    const { batchesPerEpoch: stepsPerEpoch } = batches;
    const began = performance.now();
    const time = epoch + step / stepsPerEpoch;
    const lr = schedule(time);
    const share = epochs === undefined ? 0 : time / epochs;
    student.signGradient.moveTo(share);
    const { loss, terms, layers, ...counts } = inStep(`step ${step + 1} of epoch ${epoch + 1}`, () =>
      this.step(batch, targets, lr, share),
    );
    const times = { dataMs, teacherMs, studentMs: performance.now() - began };
    const place = { epoch, step, stepsPerEpoch };
    const recorded = layers ? { layers } : {};
    return { ...place, loss, terms, lr, images: batch.size, ...counts, ...times, ...recorded };
  }

  /** The student's answer to a batch, and its losses. */
  #forward({ input, labels, mix, targets }: BatchTensors, share: number): Forward {
    const { student, losses, pairs, connectors } = this.#parts;
    const output = student.apply(input, true, this.#levels, this.#needsPooled);
    const inputs = { output, labels, mix, targets, pairs, connectors, states: this.#states };
    const { total: sum, byName } = weightedSum(lossTerms(losses, inputs, share));
    return {
      sum,
      loss: sum.dataSync()[0],
      terms: Object.fromEntries([...byName].map(([name, mean]) => [name, mean.dataSync()[0]])),
      top: topClasses(output.logits.dataSync(), student.classes),
    };
  }

  /** Notes the gradient of a parameter for the statistics. */
  #record(variable: Variable, gradient: Tensor): void {
    const parameter = this.#parameters.get(variable.id);
    if (parameter) this.#parts.statistics?.note(parameter, gradient);
  }

  /** Moves a variable by its gradient, or accumulates it, and disposes of the gradient. */
  #move(variable: Variable, gradient: Tensor, lr: number, share: number): void {
    if (this.#states.move(variable, gradient, share)) gradient.dispose();
    else this.#steps.take(this.#parameters.get(variable.id)!, gradient, lr);
  }
}

/** Refuses what changes over the epochs of a stage if their number is missing. */
function checkEpochs({ student: { signGradient }, losses, epochs }: TrainerParts): void {
  if (epochs !== undefined) return;
  if (signGradient.sharpens)
    throw new InputError(
      `the sign gradient '${signGradient.name}' sharpens over the epochs of a stage, and their number is missing.`,
    );
  const changing = losses.find(({ weight }) => typeof weight !== 'number');
  if (changing)
    throw new InputError(
      `the weight of the loss '${changing.name}' changes over the epochs of a stage, and their number is missing.`,
    );
}

/** Takes a step, and adds its place to the error for a loss that is not finite. */
function inStep<Result>(step: string, take: () => Result): Result {
  try {
    return take();
  } catch (error) {
    throw error instanceof NonFiniteLoss ? new NonFiniteLoss({ ...error.place, step }) : error;
  }
}

import { tensor, tensor1d, tensor2d, tensor4d, type Variable } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import { InputError } from '../errors.js';
import { comparesMaps, needsOneOf } from '../losses/loss-needs.js';
import { isWeighed } from '../losses/loss-weight.js';
import { weightedSum } from '../losses/weighted-sum.js';
import type { Parameter } from '../nn/parameters.js';
import type { TeacherTargets } from '../teacher/targets.js';
import { BatchMixer } from './batch-mixer.js';
import { backpropagate } from './backpropagation.js';
import { type GradientSteps, gradientSteps } from '../optim/gradient-steps.js';
import { studentInput } from '../models/student-input.js';
import { LossStates } from './loss-states.js';
import { lossTerms, type TargetTensors } from './loss-terms.js';
import { assignAll, type TrainingState, underPrefix, valuesOf } from './training-state.js';
import { equalCount, topClasses } from './top-classes.js';
import { firstNonFiniteLayer, NonFiniteLoss, nonFinitePart } from './non-finite.js';
import { taughtBatches } from './batches-with-targets.js';
import type { StepReport, StepResult, TrainerParts } from './trainer-parts.js';

export type { StepReport, StepResult, TrainerParts } from './trainer-parts.js';

/** Where what is not the network's own stands among the tensors of a {@link TrainingState}. */
const prefixes = {
  optimizer: 'optimizer.',
  gathered: 'gathered.',
  average: 'average.',
  statistics: 'statistics.',
} as const;

/** Minimises the weighted sum of losses over batches of views. It prints nothing: each step is reported to the caller. */
export class Trainer {
  readonly #parts: TrainerParts;
  readonly #parameters: ReadonlyMap<number, Parameter>;
  readonly #variables: readonly Variable[];
  readonly #states: LossStates;
  readonly #wanted: ReadonlySet<number>;
  readonly #wantsPooled: boolean;
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
    const active = parts.losses.filter(({ weight }) => isWeighed(weight));
    this.#wanted = new Set(active.some(comparesMaps) ? parts.pairs.map(({ level }) => level) : []);
    this.#wantsPooled = active.some((setting) => needsOneOf(setting, 'pooled'));
    this.#states = new LossStates(parts.losses, parts.student);
    this.#variables = [...all.map(({ variable }) => variable), ...this.#states.variables];
  }

  /**
   * Trains one epoch, step by step.
   *
   * @param firstStep where in the epoch to begin, which must be where the state is; default 0
   * @throws NonFiniteLoss when a loss is not finite; it names step, term and the first layer where that came up
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
      const { loss, terms, layers, ...counts } = at(`step ${step + 1} of epoch ${epoch + 1}`, () =>
        this.step(batch, targets, lr, share),
      );
      const studentMs = performance.now() - began;
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
    const { student, dataset, losses, pairs, connectors, average, statistics } = this.#parts;
    const states = this.#states;
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
    this.#steps.begin();
    const recording = statistics?.begin() === true;
    let read: Pick<StepResult, 'loss' | 'terms'> & { readonly top: Int32Array };
    try {
      const total = backpropagate(
        () => {
          const output = student.apply(input, true, this.#wanted, this.#wantsPooled);
          const inputs = { output, labels, mix, targets: targetTensors, pairs, connectors, states };
          const { total: sum, byName } = weightedSum(lossTerms(losses, inputs, share));
          const terms = [...byName].map(([name, mean]) => [name, mean.dataSync()[0]] as const);
          read = {
            loss: sum.dataSync()[0],
            terms: Object.fromEntries(terms),
            top: topClasses(output.logits.dataSync(), student.classes),
          };
          const part = nonFinitePart(read.loss, read.terms);
          if (part !== undefined) throw new NonFiniteLoss({ part, layer: undefined, batch });
          return sum;
        },
        this.#variables,
        (variable, gradient) => {
          if (states.move(variable, gradient, share)) {
            gradient.dispose();
            return;
          }
          const parameter = this.#parameters.get(variable.id)!;
          if (recording) statistics.note(parameter, gradient);
          this.#steps.take(parameter, gradient, lr);
        },
      );
      total.dispose();
    } catch (error) {
      if (!(error instanceof NonFiniteLoss)) throw error;
      throw new NonFiniteLoss({ ...error.place, layer: firstNonFiniteLayer(student, input) });
    } finally {
      for (const tensor of [input, labels, ...(mix ? [mix.labels] : [])]) tensor.dispose();
      targetTensors?.logits.dispose();
      for (const map of targetTensors?.features.values() ?? []) map.dispose();
    }
    if (this.#steps.end(lr)) average?.update();
    const { loss, terms, top } = read!;
    return {
      loss,
      terms,
      layers: recording ? statistics.records() : undefined,
      ...(mix ? {} : { correct: equalCount(top, batch.labels) }),
      ...(targets ? { agreeing: equalCount(top, topClasses(targets.logits, student.classes)) } : {}),
    };
  }

  /**
   * All that the next step depends on beside the data: the student's tensors by their own names, those of the connectors
   * under `connectors.`, those of the losses under the prefixes that these name, and under `optimizer.`, `gathered.`,
   * `average.` and `statistics.` what these carry.
   * It is the caller's to keep: later steps do not change it.
   */
  state(): TrainingState {
    const { student, connectors, optimizer, average, statistics } = this.#parts;
    const { batches, gradients } = this.#steps.accumulated();
    const gathered = new Map([...gradients].map(([{ name }, gradient]) => [name, gradient]));
    const layers = statistics?.state();
    return {
      tensors: new Map([
        ...valuesOf(student.store.named()),
        ...valuesOf(connectors.store.named()),
        ...valuesOf(optimizer.state(), prefixes.optimizer),
        ...valuesOf(gathered, prefixes.gathered),
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
   * Goes on from the state of a trainer of the same parts.
   *
   * @throws Error if it is of other parts
   */
  restore({ tensors, counts }: TrainingState): void {
    const { student, connectors, optimizer, average, statistics } = this.#parts;
    assignAll(student.store.named(), tensors);
    assignAll(connectors.store.named(), tensors);
    optimizer.restore(underPrefix(tensors, prefixes.optimizer), counts['optimizerSteps']);
    const byName = new Map([...this.#parameters.values()].map((parameter) => [parameter.name, parameter]));
    const gathered = [...underPrefix(tensors, prefixes.gathered)].map(
      ([name, { values, shape }]) => [byName.get(name)!, tensor(values.slice(), [...shape])] as const,
    );
    this.#steps.restore(counts['gatheredBatches'], new Map(gathered));
    assignAll(this.#states.named(), tensors);
    average?.restoreState(underPrefix(tensors, prefixes.average), counts['averageUpdates']);
    statistics?.restore({
      tensors: underPrefix(tensors, prefixes.statistics),
      counts: { steps: counts['statisticsSteps'] },
    });
  }

  /** Lets go of the states of the losses and of gradients gathered for a step that never came; the parts stay the caller's. */
  dispose(): void {
    this.#states.dispose();
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

/** Takes a step; a loss that is not finite is told with its place. */
function at<Result>(step: string, take: () => Result): Result {
  try {
    return take();
  } catch (error) {
    throw error instanceof NonFiniteLoss ? new NonFiniteLoss({ ...error.place, step }) : error;
  }
}

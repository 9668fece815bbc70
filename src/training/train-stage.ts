import { type Batches, batchesOf } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { LossSetting } from '../losses/loss-settings.js';
import { isWeighed } from '../losses/loss-weight.js';
import type { BinaryResNet } from '../models/bnn-resnet.js';
import type { Recipe, Stage } from '../recipe/recipe.js';
import type { TargetSource } from '../teacher/targets.js';
import { Centers } from './centers.js';
import { saveStudent } from './checkpoint.js';
import { evaluateStudent } from './evaluation.js';
import { Connectors, type LevelPair, pairLevels } from './level-pairs.js';
import { LayerStatistics } from './layer-statistics.js';
import { epochMetrics, layerMetrics, stepMetrics } from './metrics.js';
import { createOptimizer } from './optimizer.js';
import { reestimateBatchNorm } from './reestimate-batch-norm.js';
import type { RunDirectory } from './run-directory.js';
import type { EpochReport, RunEvent } from './run-events.js';
import type { RunTeacher } from './run-teacher.js';
import { createSchedule } from './schedules/create-schedule.js';
import type { StageTitle } from './stage-title.js';
import { comparingLosses } from './student-losses.js';
import { type StepReport, Trainer } from './trainer.js';
import { WeightAverage } from './weight-average.js';

/** What a stage is trained with. */
export interface StageParts {
  readonly recipe: Recipe;
  readonly stage: Stage;
  readonly title: StageTitle;
  readonly losses: readonly LossSetting[];
  readonly teacher: RunTeacher;
  readonly student: BinaryResNet;
  /** Whether the student's tensors come from somewhere, so that BatchNorm may have to be estimated anew. */
  readonly isTrained: boolean;
  readonly pairs: readonly LevelPair[];
  readonly batches: Batches;
  /** The epochs of the run before the stage. */
  readonly firstEpoch: number;
  readonly directory: RunDirectory;
  /** The checkpoints to write. */
  readonly files: { readonly best: string; readonly last: string };
  readonly signal: AbortSignal | undefined;
}

/** The levels whose maps are compared with the teacher's. */
export function stagePairs(
  losses: readonly LossSetting[],
  training: Dataset,
  teacher: TargetSource | undefined,
  student: BinaryResNet,
): LevelPair[] {
  const comparing = comparingLosses(losses);
  if (!teacher || comparing.length === 0) return [];
  const pairs = pairLevels(student, training.size, teacher.taps);
  if (pairs.length > 0) return pairs;
  const names = comparing.map(({ name }) => name);
  throw new InputError(
    `the loss ${names.join(', ')} compares feature maps, and no feature map of the teacher has the height and width of a level of ${student.name}.`,
    {
      fix: `leave it out (${names.map((name) => `--loss ${name}=0`).join(' ')}), or name the teacher's taps in its card`,
    },
  );
}

/** The batches of a stage. Epochs are counted through the run, so that a stage does not repeat the order of another. */
export function stageBatches(
  { seed, viewSeed }: Recipe,
  { batchSize }: Stage,
  { splits: [training], views, augmentation }: RunTeacher,
  firstEpoch: number,
  signal: AbortSignal | undefined,
): Batches {
  const options = { batchSize, seed, viewSeed, views, augmentation };
  const batches = batchesOf(training, { ...options, ...(signal ? { signal } : {}) });
  return {
    batchesPerEpoch: batches.batchesPerEpoch,
    epoch: (epoch, startBatch) => batches.epoch(firstEpoch + epoch, startBatch),
    recycle: (batch) => batches.recycle(batch),
  };
}

/** Trains one stage epoch by epoch, selects by the validation split, and gives the best epoch. */
export async function* trainStage(parts: StageParts): AsyncGenerator<RunEvent, EpochReport> {
  const { recipe, stage, title, losses, teacher, student, pairs, batches, firstEpoch, directory, signal } =
    parts;
  const [training, validation] = teacher.splits;
  const { lr, ...settings } = stage.optimizer;
  const connectors = new Connectors(pairs, recipe.seed);
  const optimizer = createOptimizer(settings);
  const centers = centersFor(losses, student);
  const average = stage.average === null ? undefined : new WeightAverage(student.store, stage.average);
  const { epochs } = stage;
  const trainer = new Trainer({
    student,
    dataset: training,
    batches,
    teacher: teacher.source,
    losses,
    pairs,
    connectors,
    centers,
    optimizer,
    schedule: createSchedule({ ...stage.schedule, lr, epochs }),
    gradient: stage.gradient,
    average,
    statistics: stage.statistics.every > 0 ? new LayerStatistics(student, stage.statistics.every) : undefined,
    epochs,
    mix: { ...stage.mix, seed: recipe.seed, firstEpoch },
  });
  try {
    const shown = pairs.map(({ level, tap }) => ({ level, tap, connector: connectors.has(level) }));
    yield { kind: 'stage', stage: title, epochs, pairs: shown };
    if (parts.isTrained && stage.reestimateBatchNorm > 0)
      await reestimateBatchNorm(student, { dataset: training, batches, signal }, stage.reestimateBatchNorm);
    let best: EpochReport | undefined;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const began = performance.now();
      const means = new Means();
      let last: StepReport | undefined;
      for await (const report of trainer.epoch(epoch)) {
        signal?.throwIfAborted();
        last = report;
        means.add(report);
        await directory.appendMetrics({ event: 'step', split: 'train', ...stepMetrics(report, title) });
        for (const line of layerMetrics(report, title))
          await directory.appendMetrics({ event: 'layer', split: 'train', ...line });
        yield { kind: 'step', stage: title, ...report };
      }
      await teacher.endEpoch(firstEpoch + epoch);
      const seconds = (performance.now() - began) / 1000;
      average?.apply();
      const accuracy = await evaluateStudent(student, validation, { signal });
      const isBest = !best || accuracy.top1 > best.validation.top1;
      const report: EpochReport = {
        stage: title,
        epoch,
        epochs,
        ...means.over(last!.stepsPerEpoch),
        lr: last!.lr,
        validation: accuracy,
        best: isBest,
        seconds,
        imagesPerSecond: (last!.stepsPerEpoch * stage.batchSize) / seconds,
      };
      if (isBest) best = report;
      const resize = 'resize' in training ? { resize: training.resize } : {};
      const facts = { classes: training.classes, epoch: epoch + 1, ...resize };
      await saveStudent(parts.files.last, student, facts);
      if (isBest) await saveStudent(parts.files.best, student, facts);
      average?.restore();
      await directory.appendMetrics({ event: 'epoch', split: 'validation', ...epochMetrics(report) });
      yield { kind: 'epoch', ...report };
    }
    return best!;
  } finally {
    trainer.dispose();
    optimizer.dispose();
    connectors.dispose();
    centers?.dispose();
    average?.dispose();
  }
}

/** The centres of the loss `center`, where it has a weight. */
function centersFor(losses: readonly LossSetting[], student: BinaryResNet): Centers | undefined {
  const setting = losses.find(({ name, weight }) => name === 'center' && isWeighed(weight));
  if (!setting) return undefined;
  return new Centers([student.classes, student.channelsOf(student.levels)], setting.options.rate!);
}

/** Sums of the loss and its terms over steps. */
class Means {
  #loss = 0;
  readonly #terms = new Map<string, number>();

  add({ loss, terms }: StepReport): void {
    this.#loss += loss;
    for (const [name, value] of Object.entries(terms)) {
      this.#terms.set(name, (this.#terms.get(name) ?? 0) + value);
    }
  }

  over(steps: number): Pick<EpochReport, 'loss' | 'terms'> {
    const terms = [...this.#terms].map(([name, sum]) => [name, sum / steps] as const);
    return { loss: this.#loss / steps, terms: Object.fromEntries(terms) };
  }
}

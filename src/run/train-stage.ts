import { type Batches, batchesOf } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { LossSetting } from '../losses/loss-settings.js';
import { isWeighed } from '../losses/loss-weight.js';
import type { Network } from '../models/network.js';
import type { Recipe, Stage } from '../recipe/recipe.js';
import type { TargetSource } from '../teacher/targets.js';
import { formatShare, isAtChance } from '../evaluation/accuracy.js';
import { Centers } from '../training/centers.js';
import type { CheckpointFacts } from '../models/checkpoint.js';
import { evaluateStudent } from '../evaluation/evaluate.js';
import { Connectors, type LevelPair, pairLevels } from '../training/level-pairs.js';
import { LayerStatistics } from '../training/layer-statistics.js';
import type { MetricsLog } from './metrics-log.js';
import { createOptimizer } from '../optim/optimizers/create-optimizer.js';
import { evaluating } from './progress-events.js';
import { reestimateBatchNorm } from '../training/reestimate-batch-norm.js';
import type { EpochReport, RunEvent } from './run-events.js';
import { NonFiniteLoss } from '../training/non-finite.js';
import { meansOf, noSteps, type TrainingPoint, withStep } from './run-progress.js';
import type { RunTeacher } from './run-teacher.js';
import { createSchedule } from '../optim/schedules/create-schedule.js';
import type { StageTitle } from './stage-title.js';
import { comparingLosses } from '../training/student-losses.js';
import { Trainer } from '../training/trainer.js';
import type { TrainingState } from '../training/training-state.js';
import { WeightAverage } from '../training/weight-average.js';

/** What a stage is trained with. */
export interface StageParts {
  readonly recipe: Recipe;
  readonly stage: Stage;
  readonly title: StageTitle;
  readonly losses: readonly LossSetting[];
  readonly teacher: RunTeacher;
  readonly student: Network;
  /** Whether the student's tensors come from somewhere, so that BatchNorm may have to be estimated anew. */
  readonly isTrained: boolean;
  readonly pairs: readonly LevelPair[];
  readonly batches: Batches;
  /** The epochs of the run before the stage. */
  readonly firstEpoch: number;
  /** The steps of the run that are done at its start. */
  readonly firstStep: number;
  readonly log: MetricsLog;
  /** Keeps the student after an epoch. */
  readonly keep: (student: Network, facts: CheckpointFacts, isBest: boolean) => Promise<void>;
  /** Writes a checkpoint, from which the run can go on. */
  readonly save: (point: TrainingPoint, state: TrainingState) => Promise<void>;
  /** Keeps the batch on which a loss was not finite; gives the error that tells where. */
  readonly keepBatch: (error: NonFiniteLoss) => Promise<NonFiniteLoss>;
  /** Whether the last checkpoint is long ago. */
  readonly isDue: () => boolean;
  readonly signal: AbortSignal | undefined;
}

/** A stage under way. */
export interface StageState {
  readonly point: TrainingPoint;
  readonly state: TrainingState;
}

/** What a stage came to. */
export interface StageEnd {
  readonly best: EpochReport;
  /** The steps of the run that are done. */
  readonly runStep: number;
  readonly seconds: number;
}

/** The levels whose maps are compared with the teacher's. */
export function stagePairs(
  losses: readonly LossSetting[],
  training: Dataset,
  teacher: TargetSource | undefined,
  student: Network,
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

/**
 * Trains one stage epoch by epoch, selects by the validation split, and gives the best epoch.
 *
 * @param from where to go on; undefined at the start
 */
export async function* trainStage(parts: StageParts, from?: StageState): AsyncGenerator<RunEvent, StageEnd> {
  const { recipe, stage, title, losses, teacher, student, pairs, batches, firstEpoch, signal } = parts;
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
  let point = from?.point ?? startOf(parts.firstStep);
  const secondsBefore = point.seconds;
  const began = performance.now();
  // Whether the trainer has the state of the point.
  let isBegun = false;
  const save = async (): Promise<void> => {
    point = { ...point, seconds: secondsBefore + secondsSince(began) };
    await parts.save(point, trainer.state());
  };
  try {
    const shown = pairs.map(({ level, tap }) => ({ level, tap, connector: connectors.has(level) }));
    if (from) trainer.restore(from.state);
    else {
      if (parts.isTrained && stage.reestimateBatchNorm > 0)
        await reestimateBatchNorm(student, { dataset: training, batches, signal }, stage.reestimateBatchNorm);
      await save();
    }
    isBegun = true;
    yield { kind: 'stage', stage: title, epochs, pairs: shown };
    while (point.epoch < epochs) {
      const { epoch } = point;
      let last = performance.now();
      for await (const report of trainer.epoch(epoch, point.step)) {
        const now = performance.now();
        const sums = withStep(point.sums, report, (now - last) / 1000);
        last = now;
        point = { ...point, step: report.step + 1, runStep: point.runStep + 1, sums };
        await parts.log.step(report, title, point.runStep);
        yield { kind: 'step', stage: title, ...report };
        signal?.throwIfAborted();
        if (parts.isDue()) await save();
      }
      await teacher.endEpoch(firstEpoch + epoch);
      average?.apply();
      const accuracy = yield* evaluating('student', validation, (onProgress) =>
        evaluateStudent(student, validation, { signal, onProgress }),
      );
      const isBest = !point.best || accuracy.top1 > point.best.validation.top1;
      const { seconds, steps } = point.sums;
      const report: EpochReport = {
        stage: title,
        epoch,
        epochs,
        ...meansOf(point.sums),
        validation: accuracy,
        best: isBest,
        seconds,
        imagesPerSecond: (steps * stage.batchSize) / seconds,
        memoryMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
      };
      const resize = 'resize' in training ? { resize: training.resize } : {};
      await parts.keep(student, { classes: training.classes, epoch: epoch + 1, ...resize }, isBest);
      average?.restore();
      point = { ...point, epoch: epoch + 1, step: 0, sums: noSteps, best: isBest ? report : point.best };
      await parts.log.epoch(report, { epoch: firstEpoch + epoch + 1, step: point.runStep });
      await save();
      yield { kind: 'epoch', ...report };
      if (isAtChance(accuracy, student.classes)) yield chanceWarning(report, student.classes);
      signal?.throwIfAborted();
    }
    return { best: point.best!, runStep: point.runStep, seconds: secondsBefore + secondsSince(began) };
  } catch (error) {
    average?.restore();
    if (signal?.aborted && isBegun) await save();
    throw error instanceof NonFiniteLoss ? await parts.keepBatch(error) : error;
  } finally {
    trainer.dispose();
    optimizer.dispose();
    connectors.dispose();
    centers?.dispose();
    average?.dispose();
  }
}

function chanceWarning({ epoch, validation }: EpochReport, classes: number): RunEvent {
  return {
    kind: 'warning',
    message: `after epoch ${epoch + 1} the student knows no more than chance: validation top-1 ${formatShare(validation.top1, validation.total)} of ${classes} classes`,
    fix: 'go through docs/stuck.md, beginning with --overfit-batches 1',
  };
}

function startOf(runStep: number): TrainingPoint {
  return { epoch: 0, step: 0, runStep, sums: noSteps, best: undefined, seconds: 0 };
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}

/** The centres of the loss `center`, where it has a weight. */
function centersFor(losses: readonly LossSetting[], student: Network): Centers | undefined {
  const setting = losses.find(({ name, weight }) => name === 'center' && isWeighed(weight));
  if (!setting) return undefined;
  return new Centers([student.classes, student.channelsOf(student.levels)], setting.options.rate!);
}

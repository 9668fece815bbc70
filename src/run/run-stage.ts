import { type Batches, batchesOf } from '../data/batches.js';
import { InputError } from '../errors.js';
import { type Accuracy, formatShare, isAtChance } from '../evaluation/accuracy.js';
import { evaluateStudent } from '../evaluation/evaluate.js';
import { reestimateBatchNorm } from '../evaluation/reestimate-batch-norm.js';
import type { LossSetting } from '../losses/loss-settings.js';
import type { Network } from '../models/network.js';
import type { Recipe } from '../recipe/recipe.js';
import { stageLosses } from '../recipe/stage-losses.js';
import { type LevelPair, pairLevels } from '../training/level-pairs.js';
import { NonFiniteLoss } from '../training/non-finite.js';
import { comparingLosses } from '../losses/loss-needs.js';
import { meansOf, noSteps, withStep } from './epoch-sums.js';
import { type ImageLimit, limitedBatches, limitedTeacher } from './image-limit.js';
import { type InitialStudent, initialStudent } from './initial-student.js';
import { evaluating, hashing } from './progress-events.js';
import type { EpochReport, RunEvent, StageSummary } from './run-events.js';
import { type RunStart, type StagePoint, stageStart } from './run-progress.js';
import type { RunTeacher, Splits } from './run-teacher.js';
import type { Generation } from './stage-generations.js';
import type { StageOutput } from './stage-output.js';
import { openTeacherOf } from './stage-teacher.js';
import { type StageTrainer, stageTrainer } from './stage-trainer.js';

/** With what a stage is opened, besides its recipe. */
export interface StageOpening {
  /** The data, as the teacher of the stage before takes them. */
  readonly splits: Splits;
  /** The best student of the generation before, where that is the teacher. */
  readonly taughtBy: string | undefined;
  /** Where the student has its first tensors from; undefined for random ones. */
  readonly init: string | undefined;
  /** The steps of the run that are done. */
  readonly runStep: number;
  /** Where the stage is resumed; undefined at its start. */
  readonly start: RunStart | undefined;
  readonly limit: ImageLimit | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a generation of a stage is made of. */
interface StageParts extends InitialStudent {
  /** The data without a limit, as the teacher takes them. */
  readonly splits: Splits;
  readonly teacher: RunTeacher;
  readonly pairs: readonly LevelPair[];
  readonly batches: Batches;
  readonly training: StageTrainer;
}

/**
 * One generation of a stage: its teacher, its student, and the trainer of both. It is opened, which refuses
 * whatever does not fit, then trained epoch by epoch; it selects its best epoch on the validation split.
 */
export class RunStage {
  #point: StagePoint;
  /** When training began here, and how long it had lasted before. */
  #began = 0;
  readonly #secondsBefore: number;

  private constructor(
    readonly generation: Generation,
    private readonly parts: StageParts,
    private readonly start: RunStart | undefined,
    private readonly signal: AbortSignal | undefined,
    runStep: number,
  ) {
    this.#point = start?.progress ?? stageStart(runStep);
    this.#secondsBefore = this.#point.seconds;
  }

  /**
   * Opens the teacher, makes or loads the student, and puts both together. It writes nothing.
   *
   * @throws InputError for a teacher, a checkpoint, data or settings that do not fit
   */
  static async *open(
    recipe: Recipe,
    generation: Generation,
    { splits, taughtBy, init, runStep, start, limit, signal }: StageOpening,
  ): AsyncGenerator<RunEvent, RunStage> {
    const { stage } = generation;
    const opened = yield* hashing((onHashed) =>
      openTeacherOf(recipe, generation, splits, taughtBy, onHashed),
    );
    let student: Network | undefined;
    try {
      const teacher = limit ? limitedTeacher(opened, limit, stage.batchSize) : opened;
      const [images] = teacher.splits;
      const initial = await initialStudent(recipe, stage, images, init);
      ({ student } = initial);
      const losses = stageLosses(stage);
      const pairs = comparedLevels(losses, teacher, student);
      const all = stageBatches(recipe, generation, teacher, signal);
      const batches = limit ? limitedBatches(all, limit) : all;
      const trained = { teacher, student, losses, pairs, batches };
      const training = stageTrainer(recipe, generation, trained);
      const parts = { ...trained, ...initial, splits: opened.splits, training };
      return new RunStage(generation, parts, start, signal, runStep);
    } catch (error) {
      student?.dispose();
      await opened.dispose();
      throw error;
    }
  }

  /** The data without a limit, as the teacher takes them. */
  get splits(): Splits {
    return this.parts.splits;
  }

  get teacher(): RunTeacher {
    return this.parts.teacher;
  }

  get student(): Network {
    return this.parts.student;
  }

  /** The steps of the run that are done. */
  get runStep(): number {
    return this.#point.runStep;
  }

  /** What the stage came to, once it is trained. */
  get summary(): StageSummary {
    const { epochs, epoch, validation } = this.#point.best!;
    const { name, generation } = this.generation.title;
    return { name, generation, epochs, bestEpoch: epoch + 1, validation, seconds: this.#point.seconds };
  }

  /**
   * Trains the stage to its end, from its start or from where it is resumed.
   *
   * @throws NonFiniteLoss with the file of the batch; the reason of the signal, after a checkpoint, when it
   *   aborts
   */
  async *train(output: StageOutput): AsyncGenerator<RunEvent> {
    const { notTaken, pairs, training } = this.parts;
    const { stage, title } = this.generation;
    if (notTaken) yield { kind: 'initialised', ...notTaken };
    this.#began = performance.now();
    if (this.start) this.#restore(this.start);
    else await this.#begin(output);
    try {
      const shown = pairs.map(({ level, tap }) => ({
        level,
        tap,
        connector: training.connectors.has(level),
      }));
      yield { kind: 'stage', stage: title, epochs: stage.epochs, pairs: shown };
      while (this.#point.epoch < stage.epochs) {
        yield* this.#trainEpoch(output);
        yield* this.#endEpoch(output);
      }
      this.#takeTime();
    } catch (error) {
      training.average?.restore();
      if (this.signal?.aborted) await this.#save(output);
      if (!(error instanceof NonFiniteLoss)) throw error;
      throw await output.keepBatch(error, this.teacher.splits[0].size);
    }
  }

  /** Frees student, teacher and trainer. */
  async dispose(): Promise<void> {
    this.parts.training.dispose();
    this.student.dispose();
    await this.teacher.dispose();
  }

  #restore({ tensors, progress: { counts } }: RunStart): void {
    this.parts.training.trainer.restore({ tensors, counts });
  }

  /** Makes the first checkpoint, after BatchNorm's statistics where the student was trained before. */
  async #begin(output: StageOutput): Promise<void> {
    const { initFrom, reestimateBatchNorm: count } = this.generation.stage;
    const { student, batches } = this.parts;
    const images = { dataset: this.teacher.splits[0], batches, signal: this.signal };
    if (initFrom !== 'random' && count > 0) await reestimateBatchNorm(student, images, count);
    await this.#save(output);
  }

  /** The steps that are left of the current epoch. */
  async *#trainEpoch(output: StageOutput): AsyncGenerator<RunEvent> {
    const { epoch, step } = this.#point;
    let last = performance.now();
    for await (const report of this.parts.training.trainer.epoch(epoch, step)) {
      const now = performance.now();
      const sums = withStep(this.#point.sums, report, (now - last) / 1000);
      last = now;
      const runStep = this.#point.runStep + 1;
      this.#point = { ...this.#point, step: report.step + 1, runStep, sums };
      await output.logStep(report, runStep);
      yield { kind: 'step', stage: this.generation.title, ...report };
      this.signal?.throwIfAborted();
      if (output.isCheckpointDue) await this.#save(output);
    }
  }

  /** Evaluates the student after an epoch, keeps it, and makes a checkpoint. */
  async *#endEpoch(output: StageOutput): AsyncGenerator<RunEvent> {
    const { student, teacher, signal } = this;
    const { average } = this.parts.training;
    const [images, validation] = teacher.splits;
    const { epoch, runStep } = this.#point;
    await teacher.endEpoch(this.generation.firstEpoch + epoch);
    average?.apply();
    const accuracy = yield* evaluating('student', validation, (onProgress) =>
      evaluateStudent(student, validation, { signal, onProgress }),
    );
    const report = this.#epochReport(accuracy);
    const resize = 'resize' in images ? { resize: images.resize } : {};
    await output.keepStudent(student, { classes: images.classes, epoch: epoch + 1, ...resize }, report.best);
    average?.restore();
    const best = report.best ? report : this.#point.best;
    this.#point = { ...this.#point, epoch: epoch + 1, step: 0, sums: noSteps, best };
    await output.logEpoch(report, runStep);
    await this.#save(output);
    yield { kind: 'epoch', ...report };
    if (isAtChance(accuracy, student.classes)) yield chanceWarning(report, student.classes);
    signal?.throwIfAborted();
  }

  #epochReport(validation: Accuracy): EpochReport {
    const { stage, title } = this.generation;
    const { epoch, sums, best } = this.#point;
    const { seconds, steps } = sums;
    return {
      stage: title,
      epoch,
      epochs: stage.epochs,
      ...meansOf(sums),
      validation,
      best: !best || validation.top1 > best.validation.top1,
      seconds,
      imagesPerSecond: (steps * stage.batchSize) / seconds,
      memoryMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
    };
  }

  async #save(output: StageOutput): Promise<void> {
    this.#takeTime();
    await output.saveCheckpoint(this.#point, this.parts.training.trainer.state());
  }

  #takeTime(): void {
    const seconds = this.#secondsBefore + (performance.now() - this.#began) / 1000;
    this.#point = { ...this.#point, seconds };
  }
}

/** The levels of the student that losses compare with feature maps of the teacher. */
function comparedLevels(
  losses: readonly LossSetting[],
  { source, splits: [{ size }] }: RunTeacher,
  student: Network,
): LevelPair[] {
  const names = comparingLosses(losses).map(({ name }) => name);
  if (!source || names.length === 0) return [];
  const pairs = pairLevels(student, size, source.taps);
  if (pairs.length > 0) return pairs;
  throw new InputError(
    `the loss ${names.join(', ')} compares feature maps, and no feature map of the teacher has the height and width of a level of ${student.name}.`,
    {
      fix: `leave it out (${names.map((name) => `\`losses.${name}.weight: 0\``).join(' ')}), or name the teacher's taps in its card`,
    },
  );
}

/**
 * The batches of a stage. Their epochs are those of the whole run, so that no two stages have the same order.
 */
function stageBatches(
  { seed, viewSeed }: Recipe,
  { stage: { batchSize }, firstEpoch }: Generation,
  { splits: [images], views, augmentation }: RunTeacher,
  signal: AbortSignal | undefined,
): Batches {
  const options = { batchSize, seed, viewSeed, views, augmentation };
  const batches = batchesOf(images, { ...options, ...(signal ? { signal } : {}) });
  return {
    batchesPerEpoch: batches.batchesPerEpoch,
    epoch: (epoch, startBatch) => batches.epoch(firstEpoch + epoch, startBatch),
    recycle: (batch) => batches.recycle(batch),
  };
}

function chanceWarning({ epoch, validation }: EpochReport, classes: number): RunEvent {
  const share = formatShare(validation.top1, validation.total);
  return {
    kind: 'warning',
    message: `after epoch ${epoch + 1} the student is no better than chance: validation top-1 ${share} of ${classes} classes`,
    fix: 'go through docs/stuck.md',
  };
}

import { join } from 'node:path';
import { writeSafetensors } from '../files/safetensors.js';
import { type CheckpointFacts, saveStudent } from '../models/checkpoint.js';
import type { Network } from '../models/network.js';
import { NonFiniteLoss } from '../training/non-finite.js';
import type { StepReport } from '../training/trainer.js';
import type { TrainingState } from '../training/training-state.js';
import type { EpochReport, StageSummary } from './run-events.js';
import type { RunOutput } from './run-output.js';
import { type StagePoint, storedProgress } from './run-progress.js';
import { folderOf, type Generation } from './stage-generations.js';

/** Options of a {@link StageOutput}. */
export interface StageOutputOptions {
  /** The summaries of the generations before. */
  readonly summaries: readonly StageSummary[];
  /** Seconds from one checkpoint to the next within an epoch. */
  readonly checkpointSeconds: number;
  /** The best student so far, if the generation is resumed. */
  readonly bestStudent: string | undefined;
}

/**
 * What one generation of a stage writes: its students, its metrics, and checkpoints from which the run can be
 * resumed.
 */
export class StageOutput {
  #bestStudent: string | undefined;
  #savedAt = performance.now();

  private constructor(
    private readonly run: RunOutput,
    private readonly generation: Generation,
    private readonly students: { readonly best: string; readonly last: string },
    private readonly options: StageOutputOptions,
  ) {}

  /** Makes the folder of the generation. If it is resumed, its best student is again the one of the checkpoint. */
  static async open(
    run: RunOutput,
    generation: Generation,
    options: StageOutputOptions,
  ): Promise<StageOutput> {
    const folder = generation.isLast ? undefined : folderOf(generation);
    const output = new StageOutput(run, generation, await run.directory.students(folder), options);
    if (options.bestStudent !== undefined) await output.#publishBest(options.bestStudent);
    return output;
  }

  /**
   * Writes the metrics of a step.
   *
   * @param runStep the step of the whole run, from 1
   */
  async logStep(report: StepReport, runStep: number): Promise<void> {
    await this.run.log.step(report, this.generation.title, runStep);
  }

  /**
   * Writes the metrics of an epoch.
   *
   * @param runStep the steps of the whole run that are done
   */
  async logEpoch(report: EpochReport, runStep: number): Promise<void> {
    const epoch = this.generation.firstEpoch + report.epoch + 1;
    await this.run.log.epoch(report, { epoch, step: runStep });
  }

  /** Writes the student after an epoch as the last one, and as the best one if it is. */
  async keepStudent(student: Network, facts: CheckpointFacts, isBest: boolean): Promise<void> {
    await saveStudent(this.students.last, student, facts);
    if (!isBest) return;
    const name = `best-${folderOf(this.generation)}-${facts.epoch}.safetensors`;
    await saveStudent(join(this.run.checkpoints.folder, name), student, facts);
    await this.#publishBest(name);
  }

  /** Whether the last checkpoint is older than `checkpointSeconds`. */
  get isCheckpointDue(): boolean {
    return performance.now() - this.#savedAt >= 1000 * this.options.checkpointSeconds;
  }

  /** Writes a checkpoint. */
  async saveCheckpoint(point: StagePoint, { tensors, counts }: TrainingState): Promise<void> {
    const { log, checkpoints } = this.run;
    await log.sync();
    const progress = {
      ...point,
      generationIndex: this.generation.index,
      stages: this.options.summaries,
      counts,
      metrics: log.positions(),
      bestStudent: this.#bestStudent,
    };
    const students = this.#bestStudent === undefined ? [] : [this.#bestStudent];
    await checkpoints.save(tensors, storedProgress(progress), students);
    this.#savedAt = performance.now();
  }

  /**
   * Writes the batch on which a loss was not finite.
   *
   * @param size height and width of its images
   * @returns the error, with the file of the batch
   */
  async keepBatch(
    { place }: NonFiniteLoss,
    [height, width]: readonly [number, number],
  ): Promise<NonFiniteLoss> {
    const file = join(this.run.directory.path, 'non-finite-batch.safetensors');
    const { size, images, labels, indices, view } = place.batch;
    const tensors = new Map([
      ['images', { shape: [size, height, width, 3], values: images }],
      ['labels', { shape: [size], values: Float32Array.from(labels) }],
      ['indices', { shape: [size], values: Float32Array.from(indices) }],
    ]);
    await writeSafetensors(file, { tensors, metadata: { view: String(view) } });
    return new NonFiniteLoss({ ...place, file });
  }

  async #publishBest(name: string): Promise<void> {
    this.#bestStudent = name;
    await this.run.checkpoints.publish(name, this.students.best);
  }
}

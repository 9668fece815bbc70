import type { NamedTensor } from '../files/safetensors.js';
import type { TrainingState } from '../training/training-state.js';
import { type EpochSums, noSteps } from './epoch-sums.js';
import type { MetricsPositions } from './metrics-log.js';
import type { RunCheckpoints } from './run-checkpoints.js';
import type { RunDirectory } from './run-directory.js';
import type { EpochReport, RunEvent, StageSummary } from './run-events.js';

/** Where a stage stands, between two steps. */
export interface StagePoint {
  /** The current epoch, from 0; at the end of the stage the number of epochs. */
  readonly epoch: number;
  /** The steps of this epoch that are done. */
  readonly step: number;
  /** The steps of the whole run that are done. */
  readonly runStep: number;
  readonly sums: EpochSums;
  /** The best epoch so far on the validation split. */
  readonly best: EpochReport | undefined;
  /** Time of the stage so far. */
  readonly seconds: number;
}

/** Where a stage stands at its start. */
export function stageStart(runStep: number): StagePoint {
  return { epoch: 0, step: 0, runStep, sums: noSteps, best: undefined, seconds: 0 };
}

/** What a checkpoint holds besides its tensors. */
export interface RunProgress extends StagePoint {
  /** Which of the run's generations is being trained, from 0; see `generationsOf`. */
  readonly generationIndex: number;
  /** What the generations before it came to. */
  readonly stages: readonly StageSummary[];
  readonly counts: TrainingState['counts'];
  readonly metrics: MetricsPositions;
  /** The best student so far, a file in the folder of the checkpoints. */
  readonly bestStudent: string | undefined;
}

/** A {@link RunProgress} as checkpoints store it: the index of the generation has the key `training`. */
export interface StoredProgress extends Omit<RunProgress, 'generationIndex'> {
  readonly training: number;
}

/** The form in which checkpoints store progress. */
export function storedProgress({ generationIndex, ...progress }: RunProgress): StoredProgress {
  return { ...progress, training: generationIndex };
}

/** Progress read back from a checkpoint. */
export function progressOf({ training, ...progress }: StoredProgress): RunProgress {
  return { ...progress, generationIndex: training };
}

/** Where a run is resumed. */
export interface RunStart {
  readonly directory: RunDirectory;
  readonly checkpoints: RunCheckpoints;
  readonly progress: RunProgress;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** The event with which the resumed run begins. */
  readonly event: Extract<RunEvent, { kind: 'resumed' }>;
}

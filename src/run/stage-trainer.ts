import type { Batches } from '../data/batches.js';
import type { LossSetting } from '../losses/loss-settings.js';
import type { Network } from '../models/network.js';
import { createOptimizer } from '../optim/optimizers/create-optimizer.js';
import { createSchedule } from '../optim/schedules/create-schedule.js';
import type { Recipe } from '../recipe/recipe.js';
import { LayerStatistics } from '../training/layer-statistics.js';
import { Connectors, type LevelPair } from '../training/level-pairs.js';
import { Trainer } from '../training/trainer.js';
import { WeightAverage } from '../training/weight-average.js';
import type { RunTeacher } from './run-teacher.js';
import type { Generation } from './stage-generations.js';

/** What the trainer of a stage is made of, besides the recipe. */
export interface StageTrainerParts {
  readonly teacher: RunTeacher;
  readonly student: Network;
  readonly losses: readonly LossSetting[];
  readonly pairs: readonly LevelPair[];
  readonly batches: Batches;
}

/** The trainer of a stage, and those of its parts that the stage uses too. */
export interface StageTrainer {
  readonly trainer: Trainer;
  readonly connectors: Connectors;
  /** The average of the student's weights; undefined where the recipe has none. */
  readonly average: WeightAverage | undefined;
  /** Frees the trainer and its parts, except teacher and student. */
  readonly dispose: () => void;
}

/**
 * Makes the trainer of a stage.
 *
 * @throws InputError for settings that the trainer or its parts refuse
 */
export function stageTrainer(
  { seed }: Recipe,
  { stage, firstEpoch }: Generation,
  { teacher, student, losses, pairs, batches }: StageTrainerParts,
): StageTrainer {
  const { lr, ...settings } = stage.optimizer;
  const { epochs, statistics } = stage;
  const made: { dispose(): void }[] = [];
  const own = <Part extends { dispose(): void }>(part: Part): Part => {
    made.push(part);
    return part;
  };
  const dispose = (): void => {
    for (const part of made) part.dispose();
  };
  try {
    const connectors = own(new Connectors(pairs, seed));
    const average = stage.average === null ? undefined : own(new WeightAverage(student.store, stage.average));
    const trainer = new Trainer({
      student,
      dataset: teacher.splits[0],
      batches,
      teacher: teacher.source,
      losses,
      pairs,
      connectors,
      optimizer: own(createOptimizer(settings)),
      schedule: createSchedule({ ...stage.schedule, lr, epochs }),
      gradient: stage.gradient,
      average,
      statistics: statistics.every > 0 ? new LayerStatistics(student, statistics.every) : undefined,
      epochs,
      mix: { ...stage.mix, seed, firstEpoch },
    });
    return { trainer: own(trainer), connectors, average, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { useBackend } from '../../src/backends/use-backend.js';
import { CachedTeacher } from '../../src/cache/cached-teacher.js';
import { trainingAugmentation } from '../../src/data/augmentation.js';
import { batchesOf } from '../../src/data/batches.js';
import type { PixelDataset } from '../../src/data/dataset.js';
import { lossSettings } from '../../src/losses/loss-settings.js';
import { createStudent } from '../../src/models/create-network.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import type { TargetSource, TeacherTargets } from '../../src/teacher/targets.js';
import { Adam } from '../../src/optim/optimizers/adam.js';
import { Connectors, pairLevels } from '../../src/training/level-pairs.js';
import { constantSchedule } from '../../src/optim/schedules/constant.js';
import { type StepReport, Trainer } from '../../src/training/trainer.js';
import { openWriter, writeParts } from './cache-cases.js';
import { median } from './statistics.js';

/** Milliseconds of a training step with all its losses, by where the targets come from. */
export interface TrainingFigures {
  readonly student: string;
  readonly batch: number;
  readonly inMemoryMs: number;
  readonly cachedMs: number;
  readonly liveMs: number;
  /** Medians over the rounds, in each of which all three took their turn. */
  readonly cachedOverInMemory: number;
  readonly cachedOverLive: number;
}

/** What is measured. */
export interface TrainingCase {
  /** The live teacher, of which the cache is made. */
  readonly teacher: string;
  readonly dataset: PixelDataset;
  readonly batch: number;
  readonly threads: number;
  readonly rounds: number;
  readonly stepsPerRound: number;
  readonly folder: string;
}

const heldBatches = 8;
// What was prepared while another one had its turn.
const stepsLeftOut = 4;

/** Trains bnn-resnet20 with targets in memory, from a cache and with the model, taking turns. */
export async function measureTraining(given: TrainingCase): Promise<TrainingFigures> {
  const { dataset, batch, threads, rounds, stepsPerRound, folder } = given;
  await useBackend('native', { threads });
  const live = await OnnxTeacher.open(given.teacher, { threads, classes: dataset.classes });
  const directory = await mkdtemp(join(folder, 'bench-cache-'));
  const writer = await openWriter(directory, live.facts, dataset, { views: 1, batchSize: 256 });
  await writeParts(writer, dataset, live);
  await writer.close();
  const augmentation = trainingAugmentation(dataset);
  const cached = await CachedTeacher.open(directory, { dataset, augmentation, viewSeed: 0 });
  const one = batchesOf(dataset, { batchSize: batch, seed: 0, viewSeed: 0, views: 1, augmentation });
  // More of them than the caches of the processor hold, as all targets of a data set would be.
  const held: TeacherTargets[] = [];
  for await (const images of one.epoch(0)) {
    held.push(await cached.targets(images));
    if (held.length === heldBatches) break;
  }
  let asked = 0;
  const inMemory: TargetSource = {
    classes: cached.classes,
    taps: cached.taps,
    targets: () => Promise.resolve(held[asked++ % held.length]),
    dispose: () => Promise.resolve(),
  };
  const sources = { inMemory, cached, live };
  const steps = Object.fromEntries(
    Object.entries(sources).map(([name, teacher]) => [name, endlessSteps(teacher, dataset, batch)]),
  ) as Record<keyof typeof sources, AsyncGenerator<StepReport>>;
  try {
    const turns: Record<keyof typeof sources, number>[] = [];
    for (let round = 0; round <= rounds; round++) {
      const turn = { inMemory: 0, cached: 0, live: 0 };
      // The first two change places, since whoever comes after the model finds the caches full of its weights.
      const order = round % 2 === 0 ? (['inMemory', 'cached'] as const) : (['cached', 'inMemory'] as const);
      for (const name of [...order, 'live'] as const) turn[name] = await timeOf(steps[name], stepsPerRound);
      // The first one warms up.
      if (round > 0) turns.push(turn);
    }
    return {
      student: 'bnn-resnet20',
      batch,
      inMemoryMs: median(turns.map((turn) => turn.inMemory)),
      cachedMs: median(turns.map((turn) => turn.cached)),
      liveMs: median(turns.map((turn) => turn.live)),
      cachedOverInMemory: median(turns.map((turn) => turn.cached / turn.inMemory)),
      cachedOverLive: median(turns.map((turn) => turn.cached / turn.live)),
    };
  } finally {
    for (const generator of Object.values(steps)) await generator.return(undefined);
    await Promise.all([cached.dispose(), live.dispose()]);
    await rm(directory, { recursive: true });
  }
}

/** Milliseconds of a step, waiting for images and targets included. */
async function timeOf(steps: AsyncGenerator<StepReport>, count: number): Promise<number> {
  for (let n = 0; n < stepsLeftOut; n++) await steps.next();
  const began = performance.now();
  for (let n = 0; n < count; n++) await steps.next();
  return (performance.now() - began) / count;
}

async function* endlessSteps(
  teacher: TargetSource,
  dataset: PixelDataset,
  batchSize: number,
): AsyncGenerator<StepReport> {
  const student = createStudent('bnn-resnet20', { classes: dataset.classes.length, seed: 1 });
  const pairs = pairLevels(student, dataset.size, teacher.taps);
  const augmentation = trainingAugmentation(dataset);
  const trainer = new Trainer({
    student,
    dataset,
    batches: batchesOf(dataset, { batchSize, seed: 1, viewSeed: 0, views: 1, augmentation }),
    teacher,
    losses: lossSettings([]),
    pairs,
    connectors: new Connectors(pairs, 1),
    optimizer: new Adam(),
    schedule: constantSchedule({ lr: 1e-4 }),
  });
  for (let epoch = 0; ; epoch++) yield* trainer.epoch(epoch);
}

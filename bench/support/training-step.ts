import { useBackend } from '../../src/backends/use-backend.js';
import type { Batch } from '../../src/data/batch.js';
import type { Dataset } from '../../src/data/dataset.js';
import { RandomStream } from '../../src/data/random.js';
import { BinaryResNet } from '../../src/models/bnn-resnet.js';
import type { ResNetDepth } from '../../src/models/depths.js';
import type { Structure } from '../../src/models/structure.js';
import { ResNet } from '../../src/models/resnet.js';
import type { Network } from '../../src/models/network.js';
import { SGD } from '../../src/optim/optimizers/sgd.js';
import type { Trainer } from '../../src/training/trainer.js';
import { benchLr, ownTrainer } from './own-trainer.js';

const classes = 10;

/** So many until JavaScript is compiled and its heap has grown: after them a step takes hardly a new page. */
export const warmUpSteps = 10;

/** Milliseconds of each of so many steps, after those that warm up. */
export function stepTimes(step: () => void, steps: number): number[] {
  return stepTimesInTurn([step], steps)[0];
}

/** The same of several steps that take turns. */
export function stepTimesInTurn(each: readonly (() => void)[], steps: number): number[][] {
  const times = each.map((): number[] => []);
  for (let i = -warmUpSteps; i < steps; i++)
    each.forEach((step, which) => {
      const began = performance.now();
      step();
      if (i >= 0) times[which].push(performance.now() - began);
    });
  return times;
}

/** The trainer measures its own step here, so the data set only says how its images are normalised: not at all. */
const dataset: Dataset = {
  kind: 'random',
  split: 'train',
  classes: Array.from({ length: classes }, (_, k) => String(k)),
  size: [32, 32],
  length: 0,
  indices: new Uint32Array(0),
  labels: new Int32Array(0),
  pixels: new Uint8Array(0),
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/**
 * The trainer's own step on one batch of random 32×32 images: the student of this depth, label-smoothed cross-entropy and
 * the Kullback-Leibler divergence to random teacher logits at temperature 1, Adam.
 *
 * @param threads of the native backend, which becomes the current one
 * @returns the step, and the losses' weighted sum that it gives
 */
export async function trainingStep(
  depth: ResNetDepth,
  settings: { batch: number; threads: number },
): Promise<() => number> {
  return (await steppingTrainer(depth, settings)).step;
}

/** The step of {@link trainingStep}, and its trainer. */
export async function steppingTrainer(
  depth: ResNetDepth,
  settings: { batch: number; threads: number },
): Promise<{ trainer: Trainer; step: () => number }> {
  return steppingNetwork(() => new BinaryResNet('bench', depth, { classes }), settings, taughtTrainer);
}

/** The step of {@link trainingStep} with a network of this structure, and how to give its memory back. */
export async function structureStep(
  depth: ResNetDepth,
  structure: Partial<Structure>,
  settings: { batch: number; threads: number },
): Promise<{ step: () => number; dispose: () => void }> {
  const { trainer, student, step } = await steppingNetwork(
    () => new BinaryResNet('bench', depth, { classes, ...structure }),
    settings,
    taughtTrainer,
  );
  return {
    step,
    dispose: () => {
      trainer.dispose();
      student.dispose();
    },
  };
}

/**
 * The trainer's own step of a full-precision ResNet: label-smoothed cross-entropy, SGD with momentum.
 *
 * @returns as {@link trainingStep}
 */
export async function teacherStep(
  depth: ResNetDepth,
  settings: { batch: number; threads: number },
): Promise<() => number> {
  const { step } = await steppingNetwork(
    () => new ResNet('bench', depth, { classes }),
    settings,
    (student) =>
      ownTrainer(student, dataset, ['kl=0', 'features=0'], new SGD({ momentum: 0.9, weightDecay: 1e-4 })),
  );
  return step;
}

function taughtTrainer(student: Network): Trainer {
  return ownTrainer(student, dataset, ['kl=1,T=1', 'features=0']);
}

async function steppingNetwork(
  make: () => Network,
  { batch: size, threads }: { batch: number; threads: number },
  trainerOf: (student: Network) => Trainer,
): Promise<{ trainer: Trainer; student: Network; step: () => number }> {
  await useBackend('native', { threads });
  const stream = new RandomStream({ seed: 1, purpose: 1000 });
  const normals = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => stream.normal());
  const student = make();
  const batch: Batch = {
    size,
    images: normals(size * 32 * 32 * 3),
    labels: Int32Array.from({ length: size }, () => stream.integer(classes)),
    indices: new Uint32Array(size),
    view: 0,
  };
  const targets = { logits: normals(size * classes), features: new Map<string, Float32Array>() };
  const trainer = trainerOf(student);
  return { trainer, student, step: () => trainer.step(batch, targets, benchLr).loss };
}

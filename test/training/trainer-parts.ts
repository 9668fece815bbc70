import { RandomStream } from '../../src/data/random.js';
import type { Batch } from '../../src/data/batch.js';
import type { Batches } from '../../src/data/batches.js';
import type { Dataset } from '../../src/data/dataset.js';
import { lossSettings } from '../../src/losses/loss-settings.js';
import { BinaryResNet, type BinaryResNetOptions } from '../../src/models/bnn-resnet.js';
import type { Tap, TargetSource, TeacherTargets } from '../../src/teacher/targets.js';
import { Adam, type AdamOptions } from '../../src/optim/optimizers/adam.js';
import { Connectors, pairLevels } from '../../src/training/level-pairs.js';
import { constantSchedule } from '../../src/optim/schedules/constant.js';
import { Trainer, type TrainerParts } from '../../src/training/trainer.js';

/** A student of two levels, 8×8×4 and 4×4×40, for small images. */
export function tinyStudent(seed = 1, options: Partial<BinaryResNetOptions> = {}): BinaryResNet {
  return new BinaryResNet('tiny', { widths: [4, 40], blocks: [2, 2] }, { classes: 3, seed, ...options });
}

const imageSize = [8, 8] as const;

/** Taps of both levels; the second has other channels than the student. */
export const taps: readonly Tap[] = [
  { name: 'level1', tensor: 'a', level: 1, shape: [8, 8, 4] },
  { name: 'level2', tensor: 'b', level: 2, shape: [4, 4, 6] },
];

/** No images: a trainer takes only the normalisation from it. */
export const noImages: Dataset = {
  kind: 'random',
  split: 'train',
  classes: ['a', 'b', 'c'],
  size: imageSize,
  length: 0,
  indices: new Uint32Array(0),
  labels: new Int32Array(0),
  pixels: new Uint8Array(0),
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
};

/** A batch of random images. */
export function randomBatch(size: number, seed = 1): Batch {
  const stream = new RandomStream({ seed, purpose: 1000 });
  const images = new Float32Array(size * imageSize[0] * imageSize[1] * 3);
  return {
    size,
    images: images.map(() => stream.float()),
    labels: Int32Array.from({ length: size }, () => stream.integer(3)),
    indices: Uint32Array.from({ length: size }, (_, n) => n),
    view: 0,
  };
}

/** Random targets for a batch. */
export function randomTargets({ size }: Batch, seed = 2): TeacherTargets {
  const stream = new RandomStream({ seed, purpose: 1000 });
  const normals = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => stream.normal());
  return {
    logits: normals(size * 3),
    features: new Map(
      taps.map(({ name, shape }) => [name, normals(size * shape[0] * shape[1] * shape[2])] as const),
    ),
  };
}

/** A teacher that answers with {@link randomTargets}. */
export const randomTeacher: TargetSource = {
  classes: noImages.classes,
  taps,
  targets: (batch) => Promise.resolve(randomTargets(batch)),
  dispose: () => Promise.resolve(),
};

/** The items, each as the answer of a thread. */
async function* asAsync<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}

/** The same batches in each epoch. */
export function fixedBatches(batches: readonly Batch[], recycled: Batch[] = []): Batches {
  return {
    batchesPerEpoch: batches.length,
    epoch: () => asAsync(batches),
    recycle: (batch) => {
      recycled.push(batch);
    },
  };
}

/** A trainer of a {@link tinyStudent}, and what it is made of. */
export function tinyTrainer(
  options: Partial<TrainerParts> & {
    readonly lossFlags?: readonly string[];
    readonly adam?: AdamOptions;
  } = {},
): { trainer: Trainer; parts: TrainerParts; dispose: () => void } {
  const { lossFlags = [], adam = {}, ...rest } = options;
  const student = rest.student ?? tinyStudent();
  const pairs = rest.pairs ?? pairLevels(student, imageSize, taps);
  const parts: TrainerParts = {
    student,
    dataset: noImages,
    batches: fixedBatches([randomBatch(6)]),
    teacher: randomTeacher,
    losses: lossSettings(lossFlags),
    pairs,
    connectors: new Connectors(pairs, 5),
    optimizer: new Adam(adam),
    schedule: constantSchedule({ lr: 1e-3 }),
    ...rest,
  };
  const trainer = new Trainer(parts);
  const dispose = (): void => {
    for (const part of [trainer, parts.student, parts.connectors, parts.optimizer]) part.dispose();
  };
  return { trainer, parts, dispose };
}

/** Copies of all parameters by name, connectors included. */
export function valuesOf({
  parts,
}: ReturnType<typeof tinyTrainer>): Map<string, { rank: number; values: Float32Array }> {
  const all = [...parts.student.store.parameters, ...parts.connectors.store.parameters];
  return new Map(
    all.map(({ name, variable }) => [
      name,
      { rank: variable.rank, values: Float32Array.from(variable.dataSync()) },
    ]),
  );
}

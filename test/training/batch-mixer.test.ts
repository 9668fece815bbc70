import { beforeAll, describe, expect, it } from 'vitest';
import type { Batch } from '../../src/data/batch.js';
import { drawMixing } from '../../src/data/mix.js';
import { mixBatch } from '../../src/data/mix-batch.js';
import { InputError } from '../../src/errors.js';
import { mixTargets } from '../../src/teacher/mix-targets.js';
import type { TargetSource } from '../../src/teacher/targets.js';
import type { TrainerMix } from '../../src/training/batch-mixer.js';
import { batchesWithTargets } from '../../src/training/batches-with-targets.js';
import { BatchMixer } from '../../src/training/batch-mixer.js';
import { lossSettings } from '../../src/losses/loss-settings.js';
import { backends, useTestBackend } from '../backends.js';
import { fixedBatches, randomBatch, randomTargets, randomTeacher, tinyTrainer } from './trainer-parts.js';

const mix: TrainerMix = { mixup: 1, cutmix: 0, seed: 5 };
const size = [8, 8] as const;
const mixed = (batch: Batch, epoch: number, step: number): Batch =>
  mixBatch(batch, drawMixing(mix, { seed: 5, epoch, step }, batch.size, size)!, size);

/** A teacher that remembers what it was asked and what it was given back. */
function listener(answersByView: boolean) {
  const asked: Batch[] = [];
  const returned: unknown[] = [];
  const teacher: TargetSource = {
    ...randomTeacher,
    answersByView,
    targets: (batch) => {
      asked.push({ ...batch, images: batch.images.slice() });
      return Promise.resolve(randomTargets(batch, 7));
    },
    recycle: (targets) => void returned.push(targets),
  };
  return { teacher, asked, returned };
}

async function firstTaught(teacher: TargetSource, losses: readonly string[], options = mix) {
  const settings = lossSettings(['features=0', ...losses]);
  const mixer = BatchMixer.of(options, { teacher, losses: settings, size })!;
  const batches = fixedBatches([randomBatch(6), randomBatch(6, 2)]);
  const all = [];
  for await (const taught of batchesWithTargets(batches.epoch(3), teacher, { mixer, epoch: 3, firstStep: 0 }))
    all.push(taught);
  return all;
}

it('a live teacher is asked for the mixed images', async () => {
  const { teacher, asked } = listener(false);
  const taught = await firstTaught(teacher, []);
  [randomBatch(6), randomBatch(6, 2)].forEach((source, step) => {
    const expected = mixed(source, 3, step);
    expect(asked[step].images).toEqual(expected.images);
    expect(taught[step].batch).toEqual(expected);
    expect(taught[step].source).toEqual(source);
    expect(taught[step].targets).toEqual(randomTargets(source, 7));
  });
  expect(taught[0].batch.mix!.lambda).not.toBe(taught[1].batch.mix!.lambda);
});

it.each([
  [['kl=1,T=4'], 4],
  [['kl=1,T=2'], 2],
  [['kl=0', 'refinery=1'], 1],
])(
  'a teacher that answers by view is asked for the images before, and its probabilities are mixed (%j)',
  async (losses, T) => {
    const { teacher, asked, returned } = listener(true);
    const [taught] = await firstTaught(teacher, losses);
    expect(asked[0].images).toEqual(randomBatch(6).images);
    expect(asked[0].mix).toBeUndefined();
    expect(taught.targets).toEqual(mixTargets(randomTargets(taught.source, 7), taught.batch.mix!, 3, T));
    expect(taught.targets!.logits).not.toEqual(randomTargets(taught.source, 7).logits);
    // What goes back is what the teacher gave.
    taught.recycle();
    expect(returned).toEqual([randomTargets(taught.source, 7)]);
  },
);

it('stages draw on from each other', async () => {
  const { teacher } = listener(false);
  const [later] = await firstTaught(teacher, [], { ...mix, firstEpoch: 4 });
  expect(later.batch).toEqual(mixed(randomBatch(6), 7, 0));
});

beforeAll(async () => {
  await useTestBackend(backends.at(-1)!);
});

describe('a step on mixed images', () => {
  const source = randomBatch(6);
  const half: Batch = mixed(source, 0, 0);
  const termsOf = (batch: Batch, flags: readonly string[]): Record<string, number> => {
    const { trainer, dispose } = tinyTrainer({
      lossFlags: flags,
    });
    const { terms } = trainer.step(batch, randomTargets(source), 1e-9);
    dispose();
    return terms;
  };

  it.each(['crossEntropy=1,epsilon=0', 'crossEntropy=1,epsilon=0.1'])(
    'has λ CE(y) + (1 − λ) CE(y′): %s',
    (flag) => {
      const { partner, lambda } = half.mix!;
      const plain = { ...half, mix: undefined } as unknown as Batch;
      const partners = Int32Array.from(partner, (place) => source.labels[place]);
      const own = termsOf(plain, ['features=0', 'kl=0', flag])['crossEntropy'];
      const other = termsOf({ ...plain, labels: partners }, ['features=0', 'kl=0', flag])['crossEntropy'];
      expect(Math.abs(own - other)).toBeGreaterThan(0.01);
      expect(termsOf(half, ['features=0', 'kl=0', flag])['crossEntropy']).toBeCloseTo(
        lambda * own + (1 - lambda) * other,
        5,
      );
    },
  );

  it('is the step on the images themselves at λ = 1', () => {
    const whole = mixBatch(source, { ...half.mix!, lambda: 1 }, size);
    const flags = ['crossEntropy=1', 'kl=1', 'features=1'];
    expect(termsOf(whole, flags)).toEqual(termsOf(source, flags));
  });
});

it('an epoch mixes each step and gives memory back', async () => {
  const recycled: Batch[] = [];
  const sources = [randomBatch(6), randomBatch(6, 2)];
  const { teacher, asked, returned } = listener(false);
  const losses = async (options: Partial<{ mix: TrainerMix }>): Promise<number[]> => {
    const { trainer, dispose } = tinyTrainer({
      teacher,
      batches: fixedBatches(sources, recycled),
      ...options,
    });
    const all: number[] = [];
    for await (const { loss } of trainer.epoch(0)) all.push(loss);
    dispose();
    return all;
  };
  expect(await losses({ mix })).not.toEqual(await losses({}));
  expect(asked.slice(0, 2).map(({ images }) => images)).toEqual(
    sources.map((source, step) => mixed(source, 0, step).images),
  );
  expect(recycled.slice(0, 2)).toEqual(sources);
  expect(returned).toHaveLength(4);
});

describe('with a teacher that answers by view', () => {
  const of = (flags: readonly string[]) => (): unknown =>
    tinyTrainer({ teacher: listener(true).teacher, lossFlags: flags, mix });
  it.each([
    [
      [],
      'the loss features compares feature maps, which a cache does not have for images mixed by mixup or cutmix.',
    ],
    [['features=0', 'refinery=1'], 'the losses kl, refinery take them at 4 and 1.'],
  ])('targets that it cannot give are refused: %j', (flags, message) => {
    expect(of(flags)).toThrow(InputError);
    expect(of(flags)).toThrow(message);
  });

  it('all is well without mixing, and without such losses', () => {
    for (const options of [
      { lossFlags: [] },
      { lossFlags: ['features=0'], mix },
      { lossFlags: [], mix: { ...mix, mixup: 0 } },
    ])
      tinyTrainer({ teacher: listener(true).teacher, ...options }).dispose();
  });
});

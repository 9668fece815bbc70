import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createStudent } from '../../src/models/create-network.js';
import { defaultStage } from '../../src/recipe/default-recipe.js';
import type { Stage } from '../../src/recipe/recipe.js';
import { evaluateModel } from '../../src/evaluation/evaluate-model.js';
import { backends } from '../backends.js';
import { latent, type Ran, stagedRuns, tensorsOf } from './staged-runs.js';

const { staged, run } = stagedRuns();
const variance = 'blocks.4.bn.runningVariance';

/** A step of this learning rate moves no weight by as much as its last bit. */
const still = { name: 'sgd', lr: 1e-30, momentum: 0 } as const;
const refined = { refinery: { weight: 1 }, crossEntropy: { weight: 1, epsilon: 0 } };

describe('a run of two stages', () => {
  it('carries the best tensors of the first over to the second', async () => {
    const { directory, summary } = await run(
      staged({ binary: 'activations', epochs: 2 }, { binary: 'both', optimizer: still }),
    );
    const [first, second] = await Promise.all([
      tensorsOf(directory, 'stages/stage-1/best.safetensors'),
      tensorsOf(directory, 'best.safetensors'),
    ]);
    expect(second.get(latent)).toEqual(first.get(latent));
    // Statistics are those of what the second stage trains.
    expect(second.get(variance)).not.toEqual(first.get(variance));
    const initial = createStudent('bnn-resnet20', { classes: 10, seed: 0 });
    expect(first.get(latent)).not.toEqual([...initial.store.named().get(latent)!.dataSync()]);
    initial.dispose();
    expect(summary.stages.map(({ name, epochs }) => [name, epochs])).toEqual([
      ['stage-1', 2],
      ['stage-2', 1],
    ]);
    expect(summary.validation).toEqual(summary.stages[1].validation);
    const again = await evaluateModel({ model: directory, threads: 2, backend: backends.at(-1)! });
    expect(again).toEqual(summary.test.student);
  });

  it('of which the second begins at random has the tensors of its seed', async () => {
    const { directory } = await run(staged({}, { initFrom: 'random', optimizer: still }));
    const initial = createStudent('bnn-resnet20', { classes: 10, seed: 0, width: 0.25 });
    expect((await tensorsOf(directory, 'best.safetensors')).get(latent)).toEqual([
      ...initial.store.named().get(latent)!.dataSync(),
    ]);
    initial.dispose();
  });

  it('names the stage in events and metrics, each with its own rate, losses and batches', async () => {
    const constant = { name: 'constant' } as const;
    const { events, directory } = await run(
      staged(
        { name: 'one', schedule: constant, optimizer: { ...defaultStage.optimizer, lr: 0.01 } },
        {
          name: 'two',
          schedule: constant,
          optimizer: { name: 'adamw', lr: 0.02 },
          losses: refined,
          batchSize: 30,
        },
      ),
    );
    expect(events.map(({ kind }) => kind)).toEqual([
      ...['started', 'stage', 'step', 'step', 'epoch', 'stage', 'step', 'step', 'step', 'epoch'],
      ...['evaluating', 'evaluating'],
    ]);
    const lines = readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const steps = lines.filter(({ event }) => event === 'step');
    expect(steps.map(({ stage, lr, terms }) => [stage, lr, Object.keys(terms as object)])).toEqual([
      ...Array<unknown>(2).fill(['one', 0.01, ['kl', 'crossEntropy']]),
      ...Array<unknown>(3).fill(['two', 0.02, ['refinery', 'crossEntropy']]),
    ]);
  });

  it('shows the second other orders and views than the first', async () => {
    const { events } = await run(staged({ optimizer: still }, { optimizer: still, initFrom: 'random' }));
    const losses = events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
    expect(losses.slice(2)).not.toEqual(losses.slice(0, 2));
  });
});

describe('a stage', () => {
  it('with an average keeps the averaged weights, and trains as without', async () => {
    const plain = await run(staged({ epochs: 2 }));
    const averaged = await run(staged({ epochs: 2, average: { decay: 0.5 } }));
    const losses = ({ events }: Ran): number[] =>
      events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
    expect(losses(averaged)).toEqual(losses(plain));
    const [kept, last] = await Promise.all([
      tensorsOf(averaged.directory, 'last.safetensors'),
      tensorsOf(plain.directory, 'last.safetensors'),
    ]);
    expect(kept.get(latent)).not.toEqual(last.get(latent));
  });

  it('estimates the statistics of BatchNorm anew where it takes over tensors', async () => {
    const of = async (reestimateBatchNorm: number): Promise<number[]> => {
      const stages = staged({ binary: 'activations' }, { optimizer: still, reestimateBatchNorm });
      const { directory } = await run(stages);
      return (await tensorsOf(directory, 'best.safetensors')).get(variance)!;
    };
    expect(await of(2)).not.toEqual(await of(0));
  });

  it('accumulates gradients, centralises them, mixes images and augments as it says', async () => {
    const losses = async (change: Partial<Stage>): Promise<number[]> => {
      const { events } = await run(staged(change));
      return events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
    };
    const plain = await losses({});
    const { gradient } = defaultStage;
    for (const change of [
      { gradient: { ...gradient, accumulate: 2 } },
      { gradient: { ...gradient, centralise: true } },
      { mix: { mixup: 0.5, cutmix: 0 } },
      { augmentation: { crop: null, flip: false, rotation: 15 } },
      { signGradient: 'approxSign' },
      { binary: 'none' },
      {
        losses: {
          kl: { weight: { from: 1, to: 0.1, course: 'linear' }, T: 4 },
          crossEntropy: { weight: 1, epsilon: 0.1 },
        },
      },
    ] satisfies Partial<Stage>[])
      expect(await losses(change), JSON.stringify(change)).not.toEqual(plain);
    expect(await losses({})).toEqual(plain);
  });

  it('logs flip ratios and gradients of each layer every so many steps, and trains as without', async () => {
    const losses = ({ events }: Ran): number[] =>
      events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
    const plain = await run(staged({ epochs: 2 }));
    const logged = await run(staged({ epochs: 2, statistics: { every: 2 } }));
    expect(losses(logged)).toEqual(losses(plain));
    const lines = readFileSync(join(logged.directory, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number | string>)
      .filter(({ event }) => event === 'layer');
    expect(lines.map(({ step }) => step)).toEqual([
      ...Array<number>(18).fill(2),
      ...Array<number>(18).fill(4),
    ]);
    expect(lines[4]).toMatchObject({ split: 'train', stage: 'stage-1', epoch: 1, layer: 'blocks.4.conv' });
    for (const line of lines) {
      const { flipRatio, gradientNorm, gradientDeviation, latentMagnitude, positiveShare, passShare } = line;
      expect(flipRatio).toBeGreaterThanOrEqual(0);
      expect(flipRatio).toBeLessThan(0.5);
      for (const figure of [gradientNorm, gradientDeviation, latentMagnitude])
        expect(figure).toBeGreaterThan(0);
      for (const share of [positiveShare, passShare]) {
        expect(share).toBeGreaterThan(0.1);
        expect(share).toBeLessThan(0.95);
      }
    }
    expect(lines.some(({ flipRatio }) => (flipRatio as number) > 0)).toBe(true);
  });

  it('draws features to centres that learn at their own rate, whatever the weight', async () => {
    const termsOf = async (weight: number, rate: number): Promise<number[]> => {
      const losses = { center: { weight, rate }, crossEntropy: { weight: 1, epsilon: 0 } };
      const { events } = await run(staged({ epochs: 2, optimizer: still, losses }));
      return events.flatMap((event) => (event.kind === 'step' ? [event.terms['center']] : []));
    };
    const [slow, heavy, fast] = [await termsOf(0.5, 0.05), await termsOf(4, 0.05), await termsOf(0.5, 0.5)];
    // The network stands still: only the centres move, and the faster they are the closer they come.
    expect(slow[0]).toBe(fast[0]);
    slow.forEach((value, i) => expect(value).toBeCloseTo(heavy[i], 4));
    expect(slow[3]).toBeLessThan((await termsOf(0.5, 1e-9))[3]);
    expect(fast[3]).toBeLessThan(slow[3]);
  });

  it('begins with the tensors of a run or of a checkpoint', async () => {
    const { directory } = await run(staged({}));
    const before = await tensorsOf(directory, 'best.safetensors');
    for (const initFrom of [directory, join(directory, 'best.safetensors')]) {
      const next = await run(staged({ initFrom, optimizer: still }));
      expect((await tensorsOf(next.directory, 'best.safetensors')).get(latent)).toEqual(before.get(latent));
    }
    const from = staged({ initFrom: directory });
    const other = { ...from, student: { ...from.student, name: 'bnn-resnet18' } };
    await expect(run(other)).rejects.toThrow(/is a bnn-resnet20, and the recipe trains bnn-resnet18\.$/);
  });
});

import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../src/recipe/recipe.js';
import { tinyCifar } from '../cli/tiny-cifar.js';
import { runToEnd } from './one-stage.js';
import { latent, type Ran, stagedRuns, tensorsOf } from './staged-runs.js';

const { at, fresh, staged, run } = stagedRuns();
const refined = { refinery: { weight: 1 }, crossEntropy: { weight: 1, epsilon: 0 } };

describe('a stage taught by the one before', () => {
  it('learns from its answers in place of those of the model', async () => {
    const taught = await run(staged({}, { teacher: 'previous' }));
    const live = await run(staged({}, {}));
    const terms = ({ events }: Ran): number[] =>
      events.flatMap((event) => (event.kind === 'step' ? [event.terms['kl']] : []));
    expect(terms(taught).slice(0, 2)).toEqual(terms(live).slice(0, 2));
    expect(terms(taught)[2]).not.toBe(terms(live)[2]);
    expect(taught.summary.test.teacher).toBeUndefined();
    expect(live.summary.test.teacher!.total).toBe(tinyCifar.test);
  });

  it('compares its feature maps level by level', async () => {
    const losses = { features: { weight: 1 }, crossEntropy: { weight: 1, epsilon: 0.1 } };
    const { events } = await run(staged({}, { teacher: 'previous', losses }));
    const stage = events.filter((event) => event.kind === 'stage')[1];
    expect(stage.pairs.map(({ level, tap, connector }) => [level, tap.shape, connector])).toEqual([
      [1, [32, 32, 4], false],
      [2, [16, 16, 8], false],
      [3, [8, 8, 16], false],
    ]);
  });

  it('or by the generation before, each from the same start', async () => {
    const { directory, summary, events } = await run(
      staged({ name: 'refined', generations: 3, losses: refined }),
    );
    expect(summary.stages.map(({ name, generation }) => [name, generation])).toEqual([
      ['refined', 1],
      ['refined', 2],
      ['refined', 3],
    ]);
    const bests = await Promise.all([
      tensorsOf(directory, 'stages/refined-1/best.safetensors'),
      tensorsOf(directory, 'stages/refined-2/best.safetensors'),
      tensorsOf(directory, 'best.safetensors'),
    ]);
    expect(bests[1].get(latent)).not.toEqual(bests[0].get(latent));
    expect(bests[2].get(latent)).not.toEqual(bests[1].get(latent));
    const first = events.flatMap((event) =>
      event.kind === 'step' && event.step === 0 ? [event.terms['refinery']] : [],
    );
    expect(new Set(first).size).toBe(3);
  });
});

describe('what a later stage needs is looked at before the first begins:', () => {
  it.each<[what: string, change: () => Partial<Stage>, message: RegExp]>([
    [
      'a checkpoint',
      () => ({ initFrom: at('nowhere') }),
      /^there is no checkpoint and no run at \S+nowhere\.$/,
    ],
    [
      'a teacher',
      () => ({ teacher: at('nowhere.onnx') }),
      /^stage 'stage-2': the (model|teacher) \S*nowhere\.onnx does not exist/,
    ],
    [
      'a cache',
      () => ({ teacher: at('data') }),
      /^stage 'stage-2': .*is not a cache: it has no manifest\.json/,
    ],
    [
      'an augmentation of the images',
      () => ({ augmentation: { crop: { padding: 40 }, flip: true } }),
      /^stage 'stage-2': crop padding must be an integer from 0 to 31/,
    ],
  ])('%s', async (_, change, message) => {
    const directory = fresh();
    const { numTensors } = tf.memory();
    await expect(runToEnd(staged({}, change()), { out: directory })).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(existsSync(directory)).toBe(false);
  });
});

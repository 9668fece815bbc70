import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Recipe, Stage } from '../../src/recipe/recipe.js';
import { resume, type ResumeOptions } from '../../src/run/resume.js';
import { distill } from '../../src/run/run.js';
import type { RunEvent } from '../../src/run/run-events.js';
import { eventsOf } from './one-stage.js';
import { leftBy } from './run-remains.js';
import { stagedRuns } from './staged-runs.js';

const { at, fresh, staged, run } = stagedRuns();
const short = { batchSize: 20 };

/** Everything that decides a step, in one stage. */
const everything: Partial<Stage> = {
  ...short,
  epochs: 2,
  optimizer: { name: 'adam', lr: 2e-3 },
  gradient: { centralise: true, accumulate: 3, clipNorm: 1 },
  average: { decay: 0.9 },
  losses: {
    kl: { weight: { from: 1, to: 0.5, course: 'cosine' }, T: 4 },
    crossEntropy: { weight: 1, epsilon: 0.1 },
    center: { weight: 0.1, rate: 0.5 },
  },
  mix: { mixup: 0.2, cutmix: 1 },
  signGradient: 'ede',
  statistics: { every: 2 },
};

const recipes: readonly (readonly [what: string, recipe: () => Recipe])[] = [
  ['one stage with everything that carries state', () => staged(everything)],
  [
    'SGD and a cache that fills',
    () => staged({ ...short, epochs: 2, views: 1, cache: fresh(), optimizer: { name: 'sgd', lr: 0.05 } }),
  ],
  [
    'two stages and two generations',
    () =>
      staged(
        { ...short, name: 'first', binary: 'activations', epochs: 2 },
        { ...short, name: 'refined', generations: 2, losses: { refinery: { weight: 1 } } },
      ),
  ],
];

/** Runs until an event, and stops there: by its signal, or as if it had been killed. */
async function stopped(
  recipe: Recipe,
  isThere: (event: RunEvent) => boolean,
  { kill, checkpointSeconds }: { kill: boolean; checkpointSeconds?: number },
): Promise<string> {
  const directory = fresh();
  const controller = new AbortController();
  const training = distill(recipe, { out: directory, signal: controller.signal, checkpointSeconds });
  try {
    for (;;) {
      const next = await training.next();
      if (next.done) throw new Error('the run came to its end');
      if (!isThere(next.value)) continue;
      if (kill) await training.return(undefined as never);
      if (kill) return directory;
      controller.abort(new Error('stop'));
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    expect((error as Error).message).toBe('stop');
    return directory;
  }
}

async function resumed(directory: string, options?: ResumeOptions): Promise<RunEvent[]> {
  const { numTensors } = tf.memory();
  const [events] = await eventsOf((await resume(directory, options)).train());
  expect(tf.memory().numTensors).toBe(numTensors);
  return events;
}

const isStep =
  (step: number, epoch = 0) =>
  (event: RunEvent): boolean =>
    event.kind === 'step' && event.step === step && event.epoch === epoch;

describe('a run that goes on equals one that was not interrupted, bit for bit:', () => {
  it.each(recipes)('%s', async (_, recipe) => {
    const whole = leftBy((await run(recipe())).directory);
    // Killed in the last epoch, with the checkpoint of a step before and metrics behind it.
    let steps = 0;
    const isLate = (event: RunEvent): boolean => event.kind === 'step' && ++steps === 6;
    const killed = await stopped(recipe(), isLate, { kill: true, checkpointSeconds: 0 });
    await resumed(killed);
    expect(leftBy(killed)).toEqual(whole);
  });

  it('interrupted again and again, at steps, at ends of epochs and in between', async () => {
    const recipe = staged({ ...short, epochs: 3 });
    const whole = leftBy((await run(recipe)).directory);
    const directory = await stopped(recipe, (event) => event.kind === 'stage', { kill: true });
    for (const isThere of [isStep(0), (event: RunEvent) => event.kind === 'epoch', isStep(2, 1)]) {
      const controller = new AbortController();
      const { train } = await resume(directory, { signal: controller.signal });
      await expect(async () => {
        for await (const event of train()) if (isThere(event)) controller.abort(new Error('stop'));
      }).rejects.toThrow('stop');
    }
    const [first] = await resumed(directory);
    expect(first).toMatchObject({ kind: 'resumed', epoch: 1, step: 3, changes: [], damaged: [] });
    expect(leftBy(directory)).toEqual(whole);
  });

  it('with the newest checkpoint damaged, from the one before, saying so', async () => {
    const recipe = staged({ ...short, epochs: 1 });
    const whole = leftBy((await run(recipe)).directory);
    for (const damage of [
      (path: string) => {
        writeFileSync(path.replace('.safetensors', '.json'), '{"sha256": "');
      },
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 5] ^= 1;
        writeFileSync(path, bytes);
      },
    ]) {
      const directory = await stopped(recipe, isStep(2), { kill: true, checkpointSeconds: 0 });
      const folder = join(directory, 'checkpoints');
      const newest = readdirSync(folder)
        .filter((name) => /^\d+\.safetensors$/.test(name))
        .sort()
        .at(-1)!;
      damage(join(folder, newest));
      const [first] = await resumed(directory);
      expect(first).toMatchObject({
        kind: 'resumed',
        damaged: [expect.stringContaining(newest.slice(0, 6))],
      });
      expect(leftBy(directory)).toEqual(whole);
    }
  });
});

it('keeps the last two checkpoints and the best student that they name', async () => {
  const directory = await stopped(staged({ ...short, epochs: 3 }), isStep(1, 2), {
    kill: true,
    checkpointSeconds: 0,
  });
  const names = readdirSync(join(directory, 'checkpoints')).sort();
  expect(names.filter((name) => /^\d+\.(json|safetensors)$/.test(name))).toHaveLength(4);
  expect(names.filter((name) => name.startsWith('best-'))).toHaveLength(1);
  expect(names).toHaveLength(5);
});

it('trains a complete run on, by more epochs, and says what changed', async () => {
  const { directory } = await run(staged({ ...short, epochs: 1 }));
  await expect(resume(directory)).rejects.toThrow(/is complete: it has its 1 epochs\.$/);
  const events = await resumed(directory, { epochs: 2, threads: 1 });
  expect(events[0]).toMatchObject({
    kind: 'resumed',
    epoch: 1,
    step: 0,
    changes: ['epochs is 2, and was 1', 'threads is 1, and was 2'],
  });
  expect(events.filter(({ kind }) => kind === 'epoch')).toHaveLength(1);
  const lines = readFileSync(join(directory, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  const epochs = lines.map((line) => JSON.parse(line) as { event: string; epoch: number });
  expect(epochs.filter(({ event }) => event === 'epoch').map(({ epoch }) => epoch)).toEqual([1, 2]);
});

describe('resume refuses', () => {
  it.each<[what: string, prepare: (directory: string) => void, options: ResumeOptions, message: RegExp]>([
    [
      'fewer epochs than were begun',
      () => undefined,
      { epochs: 1 },
      /^`epochs` is 1, but stage 'stage-1' has begun epoch 2; expected at least 2\.$/,
    ],
    [
      'a directory without recipe',
      (directory) => {
        rmSync(join(directory, 'recipe.yaml'));
      },
      {},
      /is not a run: it has no recipe\.yaml\.$/,
    ],
    [
      'a run without a checkpoint',
      (directory) => {
        rmSync(join(directory, 'checkpoints'), { recursive: true });
      },
      {},
      /was interrupted before its first checkpoint\.$/,
    ],
    [
      'one whose checkpoints are all damaged',
      (directory) => {
        const folder = join(directory, 'checkpoints');
        for (const name of readdirSync(folder)) truncateSync(join(folder, name), 20);
      },
      {},
      /^no checkpoint of the run in .* is whole: .*000003\.json is damaged: /,
    ],
    [
      'metrics that were cut off',
      (directory) => {
        truncateSync(join(directory, 'metrics.jsonl'), 10);
      },
      {},
      /metrics\.jsonl has 10 bytes, and had \d+ before\.$/,
    ],
  ])('%s', async (_, prepare, options, message) => {
    const original = at('stopped');
    const found = readdirSync(at('.')).includes('stopped');
    if (!found)
      cpSync(await stopped(staged({ ...short, epochs: 3 }), isStep(0, 1), { kill: false }), original, {
        recursive: true,
      });
    const directory = fresh();
    cpSync(original, directory, { recursive: true });
    prepare(directory);
    await expect(async () => resumed(directory, options)).rejects.toThrow(message);
  });

  it('what is not there', async () => {
    await expect(resume(at('nowhere'))).rejects.toThrow(/nowhere is not a run: it does not exist\.$/);
  });
});

import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/data/batch.js';
import type { TargetSource } from '../../src/teacher/targets.js';
import { batchesWithTargets } from '../../src/training/batches-with-targets.js';
import { randomBatch, randomTargets, taps } from './trainer-parts.js';

/** Batches by their view number, and what happened to them in order. */
function scene(count: number, ahead?: number) {
  const events: string[] = [];
  async function* batches(): AsyncGenerator<Batch> {
    try {
      for (let view = 0; view < count; view++) {
        await Promise.resolve();
        yield { ...randomBatch(1), view };
      }
    } finally {
      events.push('closed');
    }
  }
  const teacher: TargetSource = {
    classes: ['a', 'b', 'c'],
    taps,
    ...(ahead === undefined ? {} : { ahead }),
    targets: (batch) => {
      events.push(`ask ${batch.view}`);
      return Promise.resolve(randomTargets(batch, batch.view));
    },
    dispose: () => Promise.resolve(),
  };
  return { events, batches, teacher };
}

describe('batchesWithTargets', () => {
  it.each([
    [undefined, ['ask 0', 'use 0', 'ask 1', 'use 1', 'ask 2', 'use 2', 'ask 3', 'use 3', 'closed']],
    [2, ['ask 0', 'ask 1', 'ask 2', 'use 0', 'ask 3', 'use 1', 'closed', 'use 2', 'use 3']],
    [9, ['ask 0', 'ask 1', 'ask 2', 'ask 3', 'closed', 'use 0', 'use 1', 'use 2', 'use 3']],
  ])('asks %s batches ahead and gives each with its own targets', async (ahead, expected) => {
    const { events, batches, teacher } = scene(4, ahead);
    for await (const { batch, targets, dataMs, teacherMs } of batchesWithTargets(batches(), teacher)) {
      events.push(`use ${batch.view}`);
      expect(targets).toEqual(randomTargets(batch, batch.view));
      expect(Math.min(dataMs, teacherMs)).toBeGreaterThanOrEqual(0);
    }
    expect(events).toEqual(expected);
  });

  it('gives batches alone without a teacher', async () => {
    const seen: [number, unknown][] = [];
    for await (const { batch, targets } of batchesWithTargets(scene(3).batches(), undefined))
      seen.push([batch.view, targets]);
    expect(seen).toEqual([
      [0, undefined],
      [1, undefined],
      [2, undefined],
    ]);
  });

  it('closes the batches when it is left early, and when the teacher fails', async () => {
    const left = scene(5, 2);
    for await (const { batch } of batchesWithTargets(left.batches(), left.teacher))
      if (batch.view === 1) break;
    expect(left.events.at(-1)).toBe('closed');
    const failing = scene(5, 2);
    const answer = failing.teacher.targets.bind(failing.teacher);
    failing.teacher.targets = (batch) =>
      batch.view === 1 ? Promise.reject(new Error('no answer')) : answer(batch);
    const used: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { batch } of batchesWithTargets(failing.batches(), failing.teacher))
        used.push(batch.view);
    };
    await expect(run()).rejects.toThrow('no answer');
    expect(used).toEqual([0]);
    expect(failing.events.at(-1)).toBe('closed');
  });
});

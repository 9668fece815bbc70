import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheProgress } from '../../src/cli/cache-progress.js';
import { TrainingProgress } from '../../src/cli/training-progress.js';
import { WorkProgress } from '../../src/cli/work-progress.js';
import { defaultRecipe } from '../../src/recipe/default-recipe.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A stream that keeps what is written. */
function stream(): { out: NodeJS.WriteStream; lines: string[] } {
  const lines: string[] = [];
  const out = { isTTY: false, write: (text: string) => lines.push(text) };
  return { out: out as unknown as NodeJS.WriteStream, lines };
}

describe('a work where the output is no terminal', () => {
  it.each<[unit: 'images' | 'files' | 'bytes', line: string]>([
    ['images', 'evaluating: 3,000 of 10,000  100 images/s  1 min 10 s left\n'],
    ['files', 'evaluating: 3,000 of 10,000  100 files/s  1 min 10 s left\n'],
    ['bytes', 'evaluating: 3.00 kB of 10.00 kB  100 B/s  1 min 10 s left\n'],
  ])('in %s has a line every 20 seconds', (unit, line) => {
    const { out, lines } = stream();
    const progress = new WorkProgress(out, 'evaluating', unit);
    progress.show(1000, 10_000);
    vi.advanceTimersByTime(19_000);
    progress.show(2900, 10_000);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(1000);
    progress.show(3000, 10_000);
    vi.advanceTimersByTime(1000);
    progress.show(3100, 10_000);
    expect(lines).toEqual([line]);
  });

  it('says no rate before anything is done', () => {
    const { out, lines } = stream();
    const progress = new WorkProgress(out, 'hashing', 'files');
    progress.show(5, 10);
    vi.advanceTimersByTime(20_000);
    progress.show(5, 10);
    expect(lines).toEqual(['hashing: 5 of 10    \n']);
  });
});

it('a warning has its fix on a line of its own', () => {
  const { out, lines } = stream();
  new TrainingProgress(out, defaultRecipe).show({ kind: 'warning', message: 'it is stuck', fix: 'look' });
  expect(lines).toEqual(['warning: it is stuck.\n  fix: look\n']);
});

describe('a run and a cache', () => {
  it.each([
    ['evaluating', 'evaluating: 50 of 90  2 images/s  20 s left\n', 'the run'],
    ['hashing', 'hashing: 50 of 90  2 files/s  20 s left\n', 'the run'],
    ['hashing', 'hashing: 50 of 90  2 files/s  20 s left\n', 'a cache'],
    ['progress', 'cache: 50 of 90  2 images/s  20 s left\n', 'a cache'],
  ] as const)('show %s events as %j in %s', (kind, line, where) => {
    const { out, lines } = stream();
    const view = where === 'the run' ? new TrainingProgress(out, defaultRecipe) : new CacheProgress(out);
    const show = (done: number): void => {
      const facts = { who: 'student', split: 'validation', computed: done, imagesPerSecond: 1 };
      view.show({ kind, done, total: 90, ...facts } as never);
    };
    show(10);
    vi.advanceTimersByTime(20_000);
    show(50);
    view.stop();
    expect(lines).toEqual([line]);
  });
});

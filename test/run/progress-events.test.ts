import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { hashing, progressOf } from '../../src/run/progress-events.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const after = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Tells every 100 ms, `count` times. */
async function work(count: number, tell: (done: number, total: number) => void): Promise<string> {
  for (let done = 1; done <= count; done++) {
    await after(100);
    tell(done, count);
  }
  return 'end';
}

async function collect<E, T>(events: AsyncGenerator<E, T>): Promise<{ seen: E[]; end: T }> {
  const seen: E[] = [];
  for (;;) {
    const next = events.next();
    await vi.advanceTimersByTimeAsync(500);
    const result = await next;
    if (result.done) return { seen, end: result.value };
    seen.push(result.value);
  }
}

it('tells at most every half second what was told last, and returns the end', async () => {
  const { seen, end } = await collect(progressOf((tell) => work(12, tell)));
  expect(end).toBe('end');
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.length).toBeLessThanOrEqual(2);
  for (const { done, total } of seen) expect([done >= 4, total]).toEqual([true, 12]);
});

it('tells nothing of a short work', async () => {
  expect(await collect(hashing((tell) => work(3, tell)))).toEqual({ seen: [], end: 'end' });
});

it('throws what the work throws', async () => {
  const failing = progressOf(() => Promise.reject(new Error('broken')));
  await expect(failing.next()).rejects.toThrow('broken');
});

it('leaves no timer behind', async () => {
  await collect(progressOf((tell) => work(1, tell)));
  expect(vi.getTimerCount()).toBe(0);
});

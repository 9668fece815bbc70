import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { workerAnswers } from '../../src/data/worker-answers.js';
import { RunError } from '../../src/errors.js';

const entry = new URL('../fixtures/workers/squares.mjs', import.meta.url);

/** Squares of 0 … count − 1 from a thread, and what that thread shows of itself. */
function squares(
  count: number,
  extra: { failAt?: number; endAt?: number; signal?: AbortSignal; ahead?: number } = {},
) {
  const { signal, ahead = 2, ...rest } = extra;
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const received = new Int32Array(new SharedArrayBuffer(4));
  const answers = workerAnswers<number>({
    entry,
    workerData: { beats, received, ...rest },
    count,
    ahead,
    signal,
    request: (n) => ({ message: n, transfer: [] }),
  });
  return {
    answers,
    received: () => Atomics.load(received, 0),
    isAlive: async () => {
      const before = Atomics.load(beats, 0);
      await sleep(60);
      return Atomics.load(beats, 0) > before;
    },
  };
}

async function collect(answers: AsyncIterable<number>, into: number[] = []): Promise<number[]> {
  for await (const answer of answers) into.push(answer);
  return into;
}

describe('workerAnswers', () => {
  it.each([0, 1, 2, 3, 10])(
    'gives all answers to %i requests in order, then ends the thread',
    async (count) => {
      const { answers, isAlive } = squares(count);
      expect(await collect(answers)).toEqual(Array.from({ length: count }, (_, n) => n * n));
      expect(await isAlive()).toBe(false);
    },
  );

  it('works at most `ahead` answers ahead of the one that was taken', async () => {
    const { answers, received } = squares(100, { ahead: 3 });
    await answers.next();
    await answers.next();
    await sleep(60);
    expect(received()).toBe(5);
    await answers.return();
  });

  it('ends the thread when the iterator is left early', async () => {
    const { answers, isAlive } = squares(100);
    for await (const answer of answers) {
      if (answer === 1) {
        expect(await isAlive()).toBe(true);
        break;
      }
    }
    expect(await isAlive()).toBe(false);
  });

  it('turns a crash of the thread into a RunError, after the answers before it', async () => {
    const { answers, isAlive } = squares(10, { failAt: 3 });
    const before: number[] = [];
    const error: unknown = await collect(answers, before).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(RunError);
    expect((error as RunError).message).toBe('the thread that prepares batches failed: no square of 3');
    expect((error as RunError).cause).toMatchObject({ message: 'no square of 3' });
    expect(before).toEqual([0, 1, 4]);
    expect(await isAlive()).toBe(false);
  });

  it('turns an early end of the thread into a RunError', async () => {
    await expect(collect(squares(10, { endAt: 2 }).answers)).rejects.toThrow(
      new RunError('the thread that prepares batches failed: it ended early with code 3'),
    );
  });

  it('turns a missing module into a RunError', async () => {
    const missing = workerAnswers<number>({
      entry: new URL('nowhere.mjs', entry),
      workerData: {},
      count: 1,
      ahead: 1,
      signal: undefined,
      request: (n) => ({ message: n, transfer: [] }),
    });
    await expect(collect(missing)).rejects.toThrow(RunError);
  });

  it('throws the reason of an abort, while waiting and between two answers, and ends the thread', async () => {
    const between = new AbortController();
    const { answers, isAlive } = squares(100, { signal: between.signal });
    await answers.next();
    between.abort(new Error('enough'));
    await expect(answers.next()).rejects.toThrow('enough');
    expect(await isAlive()).toBe(false);

    const waiting = new AbortController();
    const started = squares(100, { signal: waiting.signal });
    const pending = started.answers.next();
    waiting.abort(new Error('enough waiting'));
    await expect(pending).rejects.toThrow('enough waiting');
    expect(await started.isAlive()).toBe(false);

    await expect(
      squares(1, { signal: AbortSignal.abort(new Error('never')) }).answers.next(),
    ).rejects.toThrow('never');
  });
});

import type { Dataset } from '../data/dataset.js';
import type { ProgressListener } from '../progress-listener.js';
import type { Accuracy } from '../evaluation/accuracy.js';
import type { RunEvent } from './run-events.js';

/** Milliseconds between two events of one work, so that short works have none. */
const everyMs = 500;

/**
 * Does a work that tells how far it is, and yields what it told last, at most every half second.
 *
 * @returns what the work returns
 * @throws what the work throws
 */
export async function* progressOf<T>(
  work: (onProgress: ProgressListener) => Promise<T>,
): AsyncGenerator<{ readonly done: number; readonly total: number }, T> {
  let told: { done: number; total: number } | undefined;
  const end = work((done, total) => {
    told = { done, total };
  });
  const isOver = end.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([isOver, afterMs(everyMs, isOver)]))) {
    if (!told) continue;
    const now = told;
    told = undefined;
    yield now;
  }
  return end;
}

/** An evaluation as events of a run. */
export async function* evaluating(
  who: 'student' | 'teacher',
  { split }: Dataset,
  evaluate: (onProgress: ProgressListener) => Promise<Accuracy>,
): AsyncGenerator<RunEvent, Accuracy> {
  return yield* eventsOf(progressOf(evaluate), (state) => ({ kind: 'evaluating', who, split, ...state }));
}

/** A work during which files of images are read for their digest, as events of a run or a cache. */
export function hashing<T>(
  work: (onProgress: ProgressListener) => Promise<T>,
): AsyncGenerator<{ readonly kind: 'hashing'; readonly done: number; readonly total: number }, T> {
  return eventsOf(progressOf(work), (state) => ({ kind: 'hashing', ...state }) as const);
}

async function* eventsOf<P, E, T>(
  progress: AsyncGenerator<P, T>,
  eventOf: (state: P) => E,
): AsyncGenerator<E, T> {
  for (;;) {
    const next = await progress.next();
    if (next.done) return next.value;
    yield eventOf(next.value);
  }
}

/** False after a time, unless something else is over before; its timer then does not keep the process. */
function afterMs(milliseconds: number, isOver: Promise<unknown>): Promise<false> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, false);
    void isOver.then(() => {
      clearTimeout(timer);
    });
  });
}

import type { Dataset } from '../data/dataset.js';
import type { ProgressListener } from '../progress-listener.js';
import type { Accuracy } from '../evaluation/accuracy.js';
import type { RunEvent } from './run-events.js';

/** Milliseconds between two events of a task. Short tasks have none. */
const everyMs = 500;

/**
 * Runs a task that reports its progress, and yields the latest progress at most every half second.
 *
 * @returns the result of the task
 * @throws the errors of the task
 */
export async function* progressOf<T>(
  task: (onProgress: ProgressListener) => Promise<T>,
): AsyncGenerator<{ readonly done: number; readonly total: number }, T> {
  let latest: { done: number; total: number } | undefined;
  const end = task((done, total) => {
    latest = { done, total };
  });
  const isOver = end.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([isOver, afterMs(everyMs, isOver)]))) {
    if (!latest) continue;
    const progress = latest;
    latest = undefined;
    yield progress;
  }
  return end;
}

/** Runs an evaluation and yields its progress as events of a run. */
export async function* evaluating(
  who: 'student' | 'teacher',
  { split }: Dataset,
  evaluate: (onProgress: ProgressListener) => Promise<Accuracy>,
): AsyncGenerator<RunEvent, Accuracy> {
  return yield* eventsOf(progressOf(evaluate), (state) => ({ kind: 'evaluating', who, split, ...state }));
}

/**
 * Runs a task that may read image files for their digest, and yields its progress as events of a run or a
 * cache.
 */
export function hashing<T>(
  task: (onProgress: ProgressListener) => Promise<T>,
): AsyncGenerator<{ readonly kind: 'hashing'; readonly done: number; readonly total: number }, T> {
  return eventsOf(progressOf(task), (state) => ({ kind: 'hashing', ...state }) as const);
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

/**
 * False after some time. If something else is over before that, its timer no longer keeps the process alive.
 */
function afterMs(milliseconds: number, isOver: Promise<unknown>): Promise<false> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, false);
    void isOver.then(() => {
      clearTimeout(timer);
    });
  });
}

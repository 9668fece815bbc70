import type { Batch } from '../data/batch.js';
import type { TargetSource, TeacherTargets } from '../teacher/targets.js';

/** A batch with the teacher's answer. */
export interface TaughtBatch {
  readonly batch: Batch;
  /** Undefined without a teacher. */
  readonly targets: TeacherTargets | undefined;
  /** Milliseconds that were waited for the batch and for the targets. */
  readonly dataMs: number;
  readonly teacherMs: number;
}

/**
 * Batches with their targets, in order. A teacher that wants to be asked ahead is asked for the targets of later batches
 * before those of the first are given out.
 */
export async function* taughtBatches(
  batches: AsyncIterable<Batch>,
  teacher: TargetSource | undefined,
): AsyncGenerator<TaughtBatch> {
  const iterator = batches[Symbol.asyncIterator]();
  const queue: { batch: Batch; targets: Promise<TeacherTargets> | undefined }[] = [];
  let isAtEnd = false;
  try {
    for (;;) {
      const began = performance.now();
      while (!isAtEnd && queue.length <= (teacher?.ahead ?? 0)) {
        const next = await iterator.next();
        if (next.done) {
          isAtEnd = true;
          break;
        }
        const targets = teacher?.targets(next.value);
        // It is awaited later; until then a failure is not unhandled.
        targets?.catch(() => undefined);
        queue.push({ batch: next.value, targets });
      }
      const first = queue.shift();
      if (!first) return;
      const taken = performance.now();
      const targets = await first.targets;
      const taught = performance.now();
      yield { batch: first.batch, targets, dataMs: taken - began, teacherMs: taught - taken };
    }
  } finally {
    await iterator.return?.();
  }
}

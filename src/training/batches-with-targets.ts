import type { Batch } from '../data/batch.js';
import type { TargetSource, TeacherTargets } from '../teacher/targets.js';
import type { BatchMixer } from './batch-mixer.js';

/** A batch with the teacher's answer. */
export interface TaughtBatch {
  readonly batch: Batch;
  /** The batch as it came, before its images were mixed; the same where they were not. */
  readonly source: Batch;
  /** Undefined without a teacher. */
  readonly targets: TeacherTargets | undefined;
  /** Gives the targets back to the teacher; after it they must not be used. */
  readonly recycle: () => void;
  /** Milliseconds that were waited for the batch and for the targets. */
  readonly dataMs: number;
  readonly teacherMs: number;
}

/** Mixes the images of an epoch. */
export interface EpochMixer {
  readonly mixer: BatchMixer;
  readonly epoch: number;
  /** The number of the first batch in its epoch. */
  readonly firstStep: number;
}

/**
 * Batches with their targets, in order. A teacher that wants to be asked ahead is asked for the targets of later batches
 * before those of the first are given out.
 *
 * With a mixer the images of each batch are mixed: a teacher that looks at images is asked for the mixed ones, one that
 * answers by view for those before, and its targets are mixed.
 */
export async function* taughtBatches(
  batches: AsyncIterable<Batch>,
  teacher: TargetSource | undefined,
  mixing?: EpochMixer,
): AsyncGenerator<TaughtBatch> {
  const iterator = batches[Symbol.asyncIterator]();
  const queue: AskedBatch[] = [];
  let step = mixing?.firstStep ?? 0;
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
        const source = next.value;
        const batch = mixing ? mixing.mixer.batch(source, mixing.epoch, step++) : source;
        const isMixedLater = batch !== source && teacher?.answersByView === true;
        const answer = teacher?.targets(isMixedLater ? source : batch);
        // It is awaited later; until then a failure is not unhandled.
        answer?.catch(() => undefined);
        queue.push({ batch, source, answer, isMixedLater });
      }
      const first = queue.shift();
      if (!first) return;
      const { batch, source, isMixedLater } = first;
      const taken = performance.now();
      const answer = await first.answer;
      const targets = answer && isMixedLater ? mixing!.mixer.targets(answer, batch) : answer;
      const taught = performance.now();
      const recycle = (): void => {
        if (answer) teacher?.recycle?.(answer);
      };
      yield { batch, source, targets, recycle, dataMs: taken - began, teacherMs: taught - taken };
    }
  } finally {
    await iterator.return?.();
  }
}

interface AskedBatch extends Pick<TaughtBatch, 'batch' | 'source'> {
  readonly answer: Promise<TeacherTargets> | undefined;
  /** Whether the answer is for the batch before it was mixed. */
  readonly isMixedLater: boolean;
}

import type { Batch } from '../data/batch.js';
import type { TargetSource, TeacherTargets } from '../teacher/targets.js';
import type { BatchMixer } from './batch-mixer.js';

/** A batch with its targets. */
export interface BatchWithTargets {
  readonly batch: Batch;
  /** The batch before its images were mixed; the same object if they were not. */
  readonly source: Batch;
  /** Undefined without a teacher. */
  readonly targets: TeacherTargets | undefined;
  /** Gives the targets back to the teacher; they must not be used afterwards. */
  readonly recycle: () => void;
  /** Milliseconds of waiting for the batch. */
  readonly dataMs: number;
  /** Milliseconds of waiting for the targets. */
  readonly teacherMs: number;
}

/** Mixes the images of an epoch. */
export interface EpochMixer {
  readonly mixer: BatchMixer;
  readonly epoch: number;
  /** The step of the first batch in its epoch. */
  readonly firstStep: number;
}

/**
 * Batches with their targets, in order. Targets of as many later batches as the teacher wants are requested
 * before those of the first are given out.
 *
 * With a mixer the images of each batch are mixed. A teacher that looks at images gets the mixed ones. A
 * teacher that answers by view gets the batch before mixing, and its targets are mixed.
 */
export async function* batchesWithTargets(
  batches: AsyncIterable<Batch>,
  teacher: TargetSource | undefined,
  mixing?: EpochMixer,
): AsyncGenerator<BatchWithTargets> {
  const iterator = batches[Symbol.asyncIterator]();
  const queue: RequestedBatch[] = [];
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
        // Awaited later; this avoids an unhandled rejection until then.
        answer?.catch(() => undefined);
        queue.push({ batch, source, answer, isMixedLater });
      }
      const first = queue.shift();
      if (!first) return;
      const { batch, source, isMixedLater } = first;
      const hasBatch = performance.now();
      const answer = await first.answer;
      const targets = answer && isMixedLater ? mixing!.mixer.targets(answer, batch) : answer;
      const hasTargets = performance.now();
      const recycle = (): void => {
        if (answer) teacher?.recycle?.(answer);
      };
      yield {
        batch,
        source,
        targets,
        recycle,
        dataMs: hasBatch - began,
        teacherMs: hasTargets - hasBatch,
      };
    }
  } finally {
    await iterator.return?.();
  }
}

interface RequestedBatch extends Pick<BatchWithTargets, 'batch' | 'source'> {
  readonly answer: Promise<TeacherTargets> | undefined;
  /** Whether the targets are of the batch before mixing. */
  readonly isMixedLater: boolean;
}

/**
 * The thread that runs a teacher. A call of ONNX Runtime blocks its thread. With its own thread a teacher can
 * work while other threads prepare images and store answers.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Batch } from '../data/batch.js';
import type { ThreadAnswer } from '../threads/answering-thread.js';
import { sentError } from '../threads/sent-error.js';
import type { OnnxTeacherOptions } from './onnx-teacher.js';
import { openTeacher } from './open-teacher.js';
import { buffersOf } from './target-buffers.js';
import type { TeacherFacts } from './teacher-facts.js';
import type { TeacherTargets } from './targets.js';

/** The data with which the thread starts. */
export interface TeacherWorkerData {
  readonly path: string;
  readonly options: OnnxTeacherOptions;
}

/**
 * A batch with images in shared memory, and targets whose memory may be used again; or the request to end.
 */
export type TeacherRequest = { batch: Batch; recycled: readonly TeacherTargets[] } | 'end';

/** First the facts, then the targets of each batch, and the answer to `end`. */
export type TeacherAnswer = { facts: TeacherFacts } | { targets: TeacherTargets } | 'ended';

if (parentPort !== null) {
  const port = parentPort;
  const { path, options } = workerData as TeacherWorkerData;
  const answer = (value: TeacherAnswer, memory: readonly ArrayBuffer[] = []): void =>
    port.postMessage({ value } satisfies ThreadAnswer<TeacherAnswer>, memory);
  const refuse = (error: unknown): void =>
    port.postMessage({ error: sentError(error) } satisfies ThreadAnswer<TeacherAnswer>);
  try {
    const teacher = await openTeacher(path, options);
    const answerOne = async (request: TeacherRequest): Promise<void> => {
      try {
        if (request === 'end') {
          await teacher.dispose();
          answer('ended');
          return;
        }
        for (const targets of request.recycled) teacher.recycle?.(targets);
        const targets = await teacher.targets(request.batch);
        answer({ targets }, buffersOf(targets));
      } catch (error) {
        refuse(error);
      }
    };
    let last = Promise.resolve();
    port.on('message', (request: TeacherRequest) => {
      last = last.then(() => answerOne(request));
    });
    answer({ facts: teacher.facts });
  } catch (error) {
    refuse(error);
  }
}

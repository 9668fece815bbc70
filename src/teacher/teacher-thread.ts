import type { Batch } from '../data/batch.js';
import { AnsweringThread, moduleBeside } from '../threads/answering-thread.js';
import { ArrayPool } from './array-pool.js';
import type { OnnxTeacherOptions } from './onnx-teacher.js';
import { buffersOf } from './target-buffers.js';
import type { TargetSource, TeacherTargets } from './targets.js';
import type { TeacherFacts } from './teacher-facts.js';
import type { TeacherAnswer, TeacherRequest, TeacherWorkerData } from './teacher-worker.js';

type Thread = AnsweringThread<TeacherRequest, TeacherAnswer>;

/** A live teacher in its own thread. Targets may be requested in advance; batches are answered in turn. */
export class TeacherThread implements TargetSource {
  readonly #images = new ArrayPool(4, (length) => new Float32Array(new SharedArrayBuffer(4 * length)));
  readonly #recycled: TeacherTargets[] = [];

  private constructor(
    private readonly thread: Thread,
    readonly facts: TeacherFacts,
  ) {}

  /** Opens a teacher, or several as one. Arguments and errors are those of `openTeacher`. */
  static async open(path: string, options: OnnxTeacherOptions = {}): Promise<TeacherThread> {
    const workerData: TeacherWorkerData = { path, options };
    const entry = moduleBeside(import.meta.url, 'teacher-worker');
    const thread: Thread = new AnsweringThread('the thread that runs the teacher', entry, workerData);
    try {
      const { facts } = (await thread.answer()) as { facts: TeacherFacts };
      return new TeacherThread(thread, facts);
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  get classes(): readonly string[] {
    return this.facts.classes;
  }

  get taps(): TeacherFacts['taps'] {
    return this.facts.taps;
  }

  async targets(batch: Batch): Promise<TeacherTargets> {
    const images = this.#images.take(batch.images.length);
    images.set(batch.images);
    const recycled = this.#recycled.splice(0);
    const memory = recycled.flatMap(buffersOf);
    try {
      const answer = await this.thread.ask({ batch: { ...batch, images }, recycled }, memory);
      return (answer as { targets: TeacherTargets }).targets;
    } finally {
      this.#images.give(images);
    }
  }

  recycle(targets: TeacherTargets): void {
    this.#recycled.push(targets);
  }

  async dispose(): Promise<void> {
    try {
      await this.thread.ask('end');
    } finally {
      await this.thread.end();
    }
  }
}

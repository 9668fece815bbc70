import type { TeacherTargets } from '../teacher/targets.js';
import { AnsweringThread, moduleBeside } from '../threads/answering-thread.js';
import type { CacheContents } from './columns.js';
import { floatsPerRow, targetsIn } from './row-codec.js';
import type { CacheFiles } from './row-reader.js';
import type { RowReaderData, RowRequest } from './row-reader-worker.js';

/** Batches that are requested from a cache in advance. */
export const rowsAhead = 2;

/**
 * A thread that reads rows of a cache. Targets are in shared memory that is used again. Transferring memory
 * between threads instead would trigger garbage collections in both.
 */
export class RowThread {
  readonly #thread: AnsweringThread<RowRequest, true>;
  readonly #free: SharedArrayBuffer[] = [];

  constructor(
    files: CacheFiles,
    private readonly contents: CacheContents,
  ) {
    const data: RowReaderData = { files, contents };
    const entry = moduleBeside(import.meta.url, 'row-reader-worker');
    this.#thread = new AnsweringThread('the thread that reads the cache', entry, data);
  }

  /**
   * Reads rows of a view.
   *
   * @param indices the original index that each row must have
   * @throws InputError for a damaged row
   */
  async read(view: number, rows: Uint32Array, indices: Uint32Array): Promise<TeacherTargets> {
    const bytes = 4 * rows.length * floatsPerRow(this.contents);
    const at = this.#free.findIndex(({ byteLength }) => byteLength === bytes);
    const memory = at < 0 ? new SharedArrayBuffer(bytes) : this.#free.splice(at, 1)[0];
    await this.#thread.ask({ view, rows, indices, memory });
    return targetsIn(memory, this.contents, rows.length);
  }

  /**
   * Takes back the memory of targets, which must not be used afterwards. Targets from elsewhere are ignored.
   */
  recycle({ logits: { buffer } }: TeacherTargets): void {
    if (!(buffer instanceof SharedArrayBuffer) || this.#free.includes(buffer)) return;
    // The oldest goes first: its size may no longer be needed.
    if (this.#free.push(buffer) > rowsAhead + 1) this.#free.shift();
  }

  async end(): Promise<void> {
    await this.#thread.end();
  }
}

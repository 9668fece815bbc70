/** The thread that reads rows of a cache and converts them to float32, ahead of training. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer } from '../threads/answering-thread.js';
import { sentError } from '../threads/sent-error.js';
import type { CacheContents } from './columns.js';
import { decodeRows, targetsIn, targetsOfRows } from './row-codec.js';
import { type CacheFiles, RowReader } from './row-reader.js';

/** The data with which the thread starts. */
export interface RowReaderData {
  readonly files: CacheFiles;
  readonly contents: CacheContents;
}

/** A request for rows of a view, whose targets are written into `memory`. */
export interface RowRequest {
  readonly view: number;
  readonly rows: Uint32Array;
  readonly indices: Uint32Array;
  readonly memory: SharedArrayBuffer;
}

/** Bytes that are read, checked and converted at a time; they stay in the processor's cache. */
const cachedBytes = 1 << 18;

if (parentPort !== null) {
  const port = parentPort;
  const { files, contents } = workerData as RowReaderData;
  const reader = new RowReader(files);
  const { columns } = files;
  const rowBytes = columns.reduce((sum, { bytes }) => sum + bytes, 0);
  const rowsAtOnce = Math.max(1, Math.floor(cachedBytes / rowBytes));
  port.on('message', ({ view, rows, indices, memory }: RowRequest) => {
    try {
      const targets = targetsIn(memory, contents, rows.length);
      for (let first = 0; first < rows.length; first += rowsAtOnce) {
        const end = Math.min(rows.length, first + rowsAtOnce);
        const { body, layout } = reader.read(view, rows.subarray(first, end), indices.subarray(first, end));
        const into = targetsOfRows(targets, rows.length, first, end - first);
        decodeRows({ columns, contents }, body, layout, into);
      }
      port.postMessage({ value: true } satisfies ThreadAnswer<true>);
    } catch (error) {
      port.postMessage({ error: sentError(error) } satisfies ThreadAnswer<true>);
    }
  });
}

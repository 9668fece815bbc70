/** The thread that reads rows of a cache and widens them, ahead of the one that trains. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer } from '../threads/answering-thread.js';
import { sentError } from '../threads/sent-error.js';
import type { CacheContents } from './columns.js';
import { decodeRows, floatsPerRow, targetsIn } from './row-codec.js';
import { type CacheFiles, RowReader } from './row-reader.js';

/** What the thread is started with. */
export interface RowReaderData {
  readonly files: CacheFiles;
  readonly contents: CacheContents;
}

/** Asks for rows of a view; `memory` is used for them if it has the right size. */
export interface RowRequest {
  readonly view: number;
  readonly rows: Uint32Array;
  readonly indices: Uint32Array;
  readonly memory: ArrayBuffer | undefined;
}

if (parentPort !== null) {
  const port = parentPort;
  const { files, contents } = workerData as RowReaderData;
  const reader = new RowReader(files);
  const { columns } = files;
  port.on('message', ({ view, rows, indices, memory: offered }: RowRequest) => {
    try {
      const { body, layout } = reader.read(view, rows, indices);
      const bytes = 4 * rows.length * floatsPerRow(contents);
      // Logits and maps one after the other, as of `targetsIn`.
      const memory = offered?.byteLength === bytes ? offered : new ArrayBuffer(bytes);
      decodeRows({ columns, contents }, body, layout, targetsIn(memory, contents, rows.length));
      port.postMessage({ value: memory } satisfies ThreadAnswer<ArrayBuffer>, [memory]);
    } catch (error) {
      port.postMessage({ error: sentError(error) } satisfies ThreadAnswer<ArrayBuffer>);
    }
  });
}

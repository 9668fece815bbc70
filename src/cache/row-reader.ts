import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import type { Column } from './column.js';
import { columnNames } from './columns.js';
import { bodyLayout, type BodyLayout, PartLayout, type PartShape } from './part-layout.js';
import { rowCrc } from './row-codec.js';

/** Cells of a row within this many bytes are read together. */
const spanBytes = 16_384;
/** Files that are open at the same time. */
const mostOpen = 64;

/** The places of a cache's rows: files and their shapes, as data that can be sent to a thread. */
export interface CacheFiles {
  readonly directory: string;
  readonly columns: readonly Column[];
  readonly rowsPerPart: number;
  readonly partsPerView: number;
  /** All files, in order of views and rows. */
  readonly files: readonly { readonly name: string; readonly shape: PartShape }[];
}

/** Consecutive columns whose cells of a row are read together. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads single rows of a cache at computed offsets, and nothing else of its files. Each row is compared with
 * its checksum.
 */
export class RowReader {
  readonly #layouts: readonly PartLayout[];
  readonly #spans = new Map<number, readonly Span[]>();
  /** File descriptors by part; the one used last is at the end. */
  readonly #open = new Map<number, number>();
  readonly #crcAt: number;
  readonly #indexAt: number;
  readonly #viewAt: number;
  readonly #piece = Buffer.alloc(spanBytes);
  #body = new Uint8Array(0);

  constructor(private readonly files: CacheFiles) {
    const { columns } = files;
    this.#layouts = files.files.map(({ shape }) => new PartLayout(shape));
    const at = (name: string): number => columns.findIndex((column) => column.name === name);
    [this.#crcAt, this.#indexAt, this.#viewAt] = [columnNames.crc, columnNames.index, columnNames.view].map(
      at,
    );
  }

  /**
   * Reads rows of a view into memory that the next call overwrites.
   *
   * @param rows row numbers
   * @param indices the original index that each row must have
   * @returns the rows in the layout of a record batch's body
   * @throws InputError if a row has another checksum, index or view, or a file ends early
   */
  read(view: number, rows: Uint32Array, indices: Uint32Array): { body: Uint8Array; layout: BodyLayout } {
    const { columns, rowsPerPart, partsPerView } = this.files;
    const layout = bodyLayout(columns, rows.length);
    if (this.#body.length < layout.bytes) this.#body = new Uint8Array(layout.bytes);
    const body = this.#body.subarray(0, layout.bytes);
    for (let n = 0; n < rows.length; n++) {
      const part = view * partsPerView + Math.floor(rows[n] / rowsPerPart);
      this.#readRow(part, rows[n] % rowsPerPart, body, layout, n);
      this.#check(part, view, indices[n], body, layout, n);
    }
    return { body, layout };
  }

  close(): void {
    for (const file of this.#open.values()) closeSync(file);
    this.#open.clear();
  }

  #readRow(part: number, row: number, body: Uint8Array, layout: BodyLayout, n: number): void {
    const { columns } = this.files;
    const from = this.#layouts[part];
    const file = this.#file(part);
    for (const { first, last } of this.#spansOf(from)) {
      const start = from.cell(row, first);
      if (first === last) {
        const to = layout.offsets[first] + n * columns[first].bytes;
        this.#readFully(part, file, body, to, columns[first].bytes, start);
        continue;
      }
      this.#readFully(part, file, this.#piece, 0, from.cell(row, last) + columns[last].bytes - start, start);
      for (let column = first; column <= last; column++) {
        const { bytes } = columns[column];
        const at = from.cell(row, column) - start;
        this.#piece.copy(body, layout.offsets[column] + n * bytes, at, at + bytes);
      }
    }
  }

  #readFully(part: number, file: number, into: Uint8Array, to: number, bytes: number, start: number): void {
    for (let done = 0; done < bytes;) {
      const read = readSync(file, into, to + done, bytes - done, start + done);
      if (read === 0) throw this.#damaged(part, `it ends at byte ${start + done}`);
      done += read;
    }
  }

  #check(part: number, view: number, index: number, body: Uint8Array, layout: BodyLayout, n: number): void {
    const words = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const { offsets } = layout;
    const stored = words.getUint32(offsets[this.#crcAt] + 4 * n, true);
    const isRight =
      stored === rowCrc(this.files.columns, this.#crcAt, body, layout, n) &&
      words.getUint32(offsets[this.#indexAt] + 4 * n, true) === index &&
      words.getUint16(offsets[this.#viewAt] + 2 * n, true) === view;
    if (isRight) return;
    throw this.#damaged(part, `the row of image ${index} does not have its checksum`);
  }

  #damaged(part: number, why: string): InputError {
    return new InputError(`${join(this.files.directory, this.files.files[part].name)} is damaged: ${why}.`, {
      fix: 'restore it from a copy, or make the cache again; `distill cache verify` checks all of it',
    });
  }

  #file(part: number): number {
    const open = this.#open.get(part);
    if (open !== undefined) {
      // A map keeps the order of insertion.
      this.#open.delete(part);
      this.#open.set(part, open);
      return open;
    }
    if (this.#open.size === mostOpen) {
      const [[oldest, file]] = this.#open;
      closeSync(file);
      this.#open.delete(oldest);
    }
    const path = join(this.files.directory, this.files.files[part].name);
    try {
      const file = openSync(path, 'r');
      this.#open.set(part, file);
      return file;
    } catch (error) {
      throw new InputError(`cannot read ${path}: ${(error as Error).message}.`, { cause: error });
    }
  }

  /** Groups of consecutive columns whose cells are read together. */
  #spansOf(layout: PartLayout): readonly Span[] {
    const { rowsPerBatch, rows, columns } = layout.shape;
    const most = Math.min(rowsPerBatch, rows);
    const known = this.#spans.get(most);
    if (known) return known;
    const { offsets } = bodyLayout(columns, most);
    const end = (column: number): number => offsets[column] + most * columns[column].bytes;
    const spans: Span[] = [];
    for (let first = 0; first < columns.length;) {
      let last = first;
      while (last + 1 < columns.length && end(last + 1) - offsets[first] <= spanBytes) last++;
      spans.push({ first, last });
      first = last + 1;
    }
    this.#spans.set(most, spans);
    return spans;
  }
}

import type { Column } from './column.js';

/** Buffers and messages start at multiples of this, as Arrow recommends. */
export const alignment = 64;

/** The next multiple of {@link alignment}. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Where the columns of a record batch lie in its body, one after the other. */
export interface BodyLayout {
  readonly rows: number;
  /** Of each column, from the start of the body. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

/** The body of a record batch of `rows` rows. */
export function bodyLayout(columns: readonly Column[], rows: number): BodyLayout {
  let end = 0;
  const offsets = columns.map(({ bytes }) => {
    const start = end;
    end = aligned(start + rows * bytes);
    return start;
  });
  return { rows, offsets, bytes: end };
}

/** What decides where a byte of a part lies. */
export interface PartShape {
  readonly columns: readonly Column[];
  /** Rows of every record batch but the last. */
  readonly rowsPerBatch: number;
  readonly rows: number;
  /** Bytes of the magic and the schema before the first record batch. */
  readonly headBytes: number;
  /** Bytes of the message before the body of a record batch. */
  readonly batchHeadBytes: number;
}

/**
 * Where everything lies in a part: an Arrow file whose record batches all have the same size but the last, so that the byte
 * offset of (row, column) is arithmetic.
 */
export class PartLayout {
  readonly batches: number;
  readonly #whole: BodyLayout;
  readonly #last: BodyLayout;

  constructor(readonly shape: PartShape) {
    const { columns, rowsPerBatch, rows } = shape;
    this.batches = Math.ceil(rows / rowsPerBatch);
    this.#whole = bodyLayout(columns, Math.min(rowsPerBatch, rows));
    this.#last = bodyLayout(columns, rows - (this.batches - 1) * rowsPerBatch);
  }

  /** The layout of a record batch's body. */
  body(batch: number): BodyLayout {
    return batch === this.batches - 1 ? this.#last : this.#whole;
  }

  /** Where the message of a record batch starts; `batches` gives the end of the last one. */
  batchOffset(batch: number): number {
    const { headBytes, batchHeadBytes } = this.shape;
    const whole = Math.min(batch, this.batches - 1);
    const start = headBytes + whole * (batchHeadBytes + this.#whole.bytes);
    return batch === this.batches ? start + batchHeadBytes + this.#last.bytes : start;
  }

  /** Where the body of a record batch starts. */
  bodyOffset(batch: number): number {
    return this.batchOffset(batch) + this.shape.batchHeadBytes;
  }

  /** The byte offset of a cell in the file. */
  cell(row: number, column: number): number {
    const batch = Math.floor(row / this.shape.rowsPerBatch);
    const within = row - batch * this.shape.rowsPerBatch;
    return (
      this.bodyOffset(batch) + this.body(batch).offsets[column] + within * this.shape.columns[column].bytes
    );
  }
}

import type { Column } from './column.js';

/** Buffers and messages start at multiples of this, as Arrow recommends. */
export const alignment = 64;

/** The next multiple of {@link alignment}. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** The places of the columns in the body of a record batch. */
export interface BodyLayout {
  readonly rows: number;
  /** The offset of each column from the start of the body. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

/** The layout of the body of a record batch of `rows` rows. */
export function bodyLayout(columns: readonly Column[], rows: number): BodyLayout {
  let end = 0;
  const offsets = columns.map(({ bytes }) => {
    const start = end;
    end = aligned(start + rows * bytes);
    return start;
  });
  return { rows, offsets, bytes: end };
}

/** What determines the place of every byte of a part. */
export interface PartShape {
  readonly columns: readonly Column[];
  /** Rows of every record batch except the last. */
  readonly rowsPerBatch: number;
  readonly rows: number;
  /** Bytes of the magic and the schema before the first record batch. */
  readonly headBytes: number;
  /** Bytes of the message before the body of a record batch. */
  readonly batchHeadBytes: number;
}

/**
 * The layout of a part: an Arrow file whose record batches have the same size, except for the last. So the
 * byte offset of (row, column) can be computed.
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

  /** The byte offset of a record batch's message; for `batch` = `batches`, the end of the last one. */
  batchOffset(batch: number): number {
    const { headBytes, batchHeadBytes } = this.shape;
    const whole = Math.min(batch, this.batches - 1);
    const start = headBytes + whole * (batchHeadBytes + this.#whole.bytes);
    return batch === this.batches ? start + batchHeadBytes + this.#last.bytes : start;
  }

  /** The byte offset of a record batch's body. */
  bodyOffset(batch: number): number {
    return this.batchOffset(batch) + this.shape.batchHeadBytes;
  }

  /** The byte offset of a cell. */
  cell(row: number, column: number): number {
    const batch = Math.floor(row / this.shape.rowsPerBatch);
    const within = row - batch * this.shape.rowsPerBatch;
    return (
      this.bodyOffset(batch) + this.body(batch).offsets[column] + within * this.shape.columns[column].bytes
    );
  }
}

import type { Augmentation } from '../data/augmentation.js';
import type { Column } from './column.js';
import { columnNames, columnsOf, rowBytes } from './columns.js';
import { viewColumns, type ViewColumn } from './view-columns.js';
import type * as ArrowFormatModule from './arrow-format.js';
import type { CacheIdentity } from './manifest.js';
import { aligned, bodyLayout, PartLayout, type PartShape } from './part-layout.js';

/** A part of a cache: consecutive rows of one view, in one file. */
export interface PartPlan {
  readonly name: string;
  readonly view: number;
  /** Its first row in the view. */
  readonly firstRow: number;
  readonly rows: number;
}

/** The approximate size of a file by default. */
export const defaultPartBytes = 2 ** 30;

/** The number of record batches of `rowsPerBatch` rows in a file of about `partBytes`. */
export function batchesPerPart(
  columns: readonly Column[],
  rowsPerBatch: number,
  partBytes = defaultPartBytes,
): number {
  return Math.max(1, Math.floor(partBytes / bodyLayout(columns, rowsPerBatch).bytes));
}

/**
 * The columns and files of a cache, from its identity. Rows are those of the data set in order of their
 * indices.
 */
export class CacheFormat {
  readonly columns: readonly Column[];
  readonly viewColumns: readonly ViewColumn[];
  readonly augmentation: Augmentation;
  /** All parts, in order of views and rows. */
  readonly parts: readonly PartPlan[];
  readonly #partsPerView: number;
  readonly #rowsPerPart: number;

  constructor(readonly identity: CacheIdentity) {
    const { views, contents, layout, data } = identity;
    this.augmentation = views.augmentation as unknown as Augmentation;
    this.columns = columnsOf(contents, this.augmentation);
    this.viewColumns = viewColumns(this.augmentation);
    this.#rowsPerPart = layout.rowsPerBatch * layout.batchesPerPart;
    this.#partsPerView = Math.ceil(data.pictures / this.#rowsPerPart);
    this.parts = Array.from({ length: views.count * this.#partsPerView }, (_, n) => this.#plan(n));
  }

  /** The rows of a view. */
  get images(): number {
    return this.identity.data.pictures;
  }

  get rowsPerBatch(): number {
    return this.identity.layout.rowsPerBatch;
  }

  /** The index of a column. */
  column(name: string): number {
    return this.columns.findIndex((column) => column.name === name);
  }

  /** The index of the part with a row of a view. */
  partOf(view: number, row: number): number {
    return view * this.#partsPerView + Math.floor(row / this.#rowsPerPart);
  }

  /** The size of the whole cache in bytes, within 1 %. */
  get bytes(): number {
    return this.parts.reduce((sum, { rows }) => sum + this.bytesOf(rows), 0);
  }

  /** The size of a part of `rows` rows in bytes, within 1 %. */
  bytesOf(rows: number): number {
    const batches = Math.ceil(rows / this.rowsPerBatch);
    // The message of a record batch takes about 64 bytes and some for each column.
    return rows * rowBytes(this.columns) + batches * aligned(64 + 88 * this.columns.length);
  }

  #plan(number: number): PartPlan {
    const view = Math.floor(number / this.#partsPerView);
    const piece = number % this.#partsPerView;
    const firstRow = piece * this.#rowsPerPart;
    const suffix = this.#partsPerView === 1 ? '' : `-part-${padded(piece, this.#partsPerView)}`;
    return {
      name: `view-${padded(view, this.identity.views.count)}${suffix}.arrow`,
      view,
      firstRow,
      rows: Math.min(this.#rowsPerPart, this.images - firstRow),
    };
  }
}

/** The index of the column with the checksum of a row. */
export function crcColumn(columns: readonly Column[]): number {
  return columns.findIndex(({ name }) => name === columnNames.crc);
}

/** The bytes around the bodies of a part's record batches. */
export interface PartEnvelope {
  readonly layout: PartLayout;
  readonly fileHead: Buffer;
  readonly batchHead: (batch: number) => Buffer;
  readonly fileTail: Buffer;
}

type ArrowFormat = typeof ArrowFormatModule;

/** Makes envelopes with Apache Arrow's library, which it loads when it is first needed. */
export class Envelopes {
  private constructor(
    private readonly arrow: ArrowFormat,
    private readonly format: CacheFormat,
  ) {}

  static async of(format: CacheFormat): Promise<Envelopes> {
    return new Envelopes(await import('./arrow-format.js'), format);
  }

  /** The layout of a part of `rows` rows. */
  layout(rows: number): PartLayout {
    return new PartLayout(this.shape(rows));
  }

  shape(rows: number): PartShape {
    return this.arrow.partShape(this.format.columns, this.format.rowsPerBatch, rows);
  }

  envelope(rows: number): PartEnvelope {
    const layout = this.layout(rows);
    const { columns } = this.format;
    const whole = this.arrow.batchHead(columns, layout.body(0).rows);
    const last = this.arrow.batchHead(columns, layout.body(layout.batches - 1).rows);
    return {
      layout,
      fileHead: this.arrow.fileHead(columns),
      batchHead: (batch) => (batch === layout.batches - 1 ? last : whole),
      fileTail: this.arrow.fileTail(layout),
    };
  }

  /** See `tailDifference` in arrow-format.ts. */
  tailDifference(tail: Buffer, layout: PartLayout): string | undefined {
    return this.arrow.tailDifference(tail, layout);
  }
}

function padded(number: number, count: number): string {
  return String(number).padStart(Math.max(3, String(count - 1).length), '0');
}

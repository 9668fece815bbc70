/**
 * The bytes of an Arrow file around the bodies of its record batches. Importing this file loads Apache
 * Arrow's library.
 */
import {
  type DataType,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Int16,
  Int32,
  Message,
  Schema,
  Uint16,
  Uint32,
  Uint8,
} from 'apache-arrow';
import { FileBlock, Footer } from 'apache-arrow/ipc/metadata/file';
import { BufferRegion, FieldNode, RecordBatch } from 'apache-arrow/ipc/metadata/message';
import type { Column, NumberType } from './column.js';
import { aligned, bodyLayout, type PartLayout, type PartShape } from './part-layout.js';

const magic = 'ARROW1';
/** Bytes at the end of an Arrow file after its footer: the footer's length and the magic. */
export const trailerBytes = 4 + magic.length;

const arrowTypes: Readonly<Record<NumberType, new () => DataType>> = {
  uint8: Uint8,
  int16: Int16,
  uint16: Uint16,
  int32: Int32,
  uint32: Uint32,
  float16: Float16,
  float32: Float32,
};

function schemaOf(columns: readonly Column[]): Schema {
  const fields = columns.map(({ name, type, list, description }) => {
    const number = new arrowTypes[type]();
    const whole = list === null ? number : new FixedSizeList(list, new Field('item', number, false));
    return new Field(name, whole, false, new Map([['description', description]]));
  });
  return new Schema(fields, new Map([['bnn-distill-cache', '1']]));
}

/** An encapsulated message: the continuation marker, the length of the padded metadata, and the metadata. */
function encapsulated(message: Message): Buffer {
  const metadata = Message.encode(message);
  const bytes = Buffer.alloc(aligned(8 + metadata.length));
  bytes.writeInt32LE(-1, 0);
  bytes.writeInt32LE(bytes.length - 8, 4);
  bytes.set(metadata, 8);
  return bytes;
}

/** The start of a file: the magic and the schema. Its length is a multiple of 64. */
export function fileHead(columns: readonly Column[]): Buffer {
  const metadata = Message.encode(Message.from(schemaOf(columns)));
  const bytes = Buffer.alloc(aligned(8 + 8 + metadata.length));
  bytes.write(magic, 0, 'latin1');
  bytes.writeInt32LE(-1, 8);
  bytes.writeInt32LE(bytes.length - 16, 12);
  bytes.set(metadata, 16);
  return bytes;
}

/** The message before the body of a record batch of `rows` rows. */
export function batchHead(columns: readonly Column[], rows: number): Buffer {
  const layout = bodyLayout(columns, rows);
  const nodes: FieldNode[] = [];
  const buffers: BufferRegion[] = [];
  columns.forEach(({ list, bytes }, n) => {
    const start = layout.offsets[n];
    // Nothing is null, so the validity bitmaps are empty.
    nodes.push(new FieldNode(rows, 0));
    buffers.push(new BufferRegion(start, 0));
    if (list !== null) {
      nodes.push(new FieldNode(rows * list, 0));
      buffers.push(new BufferRegion(start, 0));
    }
    buffers.push(new BufferRegion(start, rows * bytes));
  });
  return encapsulated(Message.from(new RecordBatch(rows, nodes, buffers, null), layout.bytes));
}

/** The shape of a part of `rows` rows. */
export function partShape(columns: readonly Column[], rowsPerBatch: number, rows: number): PartShape {
  return {
    columns,
    rowsPerBatch,
    rows,
    headBytes: fileHead(columns).length,
    batchHeadBytes: batchHead(columns, rowsPerBatch).length,
  };
}

/**
 * The end of a file after the last record batch: the end of the stream, the footer, its length, the magic.
 */
export function fileTail(layout: PartLayout): Buffer {
  const { columns, batchHeadBytes } = layout.shape;
  const blocks = Array.from(
    { length: layout.batches },
    (_, batch) => new FileBlock(batchHeadBytes, layout.body(batch).bytes, layout.batchOffset(batch)),
  );
  const footer = Footer.encode(new Footer(schemaOf(columns), undefined, blocks, []));
  const bytes = Buffer.alloc(8 + footer.length + trailerBytes);
  bytes.writeInt32LE(-1, 0);
  bytes.set(footer, 8);
  bytes.writeInt32LE(footer.length, 8 + footer.length);
  bytes.write(magic, 12 + footer.length, 'latin1');
  return bytes;
}

/**
 * Compares schema and places of record batches at the end of a file with the layout.
 *
 * @param tail the bytes of the file after the last record batch
 * @returns the first difference; undefined if there is none
 */
export function tailDifference(tail: Buffer, layout: PartLayout): string | undefined {
  const footerLength = tail.length - 8 - trailerBytes;
  if (tail.toString('latin1', tail.length - magic.length) !== magic)
    return 'it does not end as an Arrow file';
  if (footerLength <= 0 || tail.readInt32LE(tail.length - trailerBytes) !== footerLength)
    return 'its footer does not start where the record batches end';
  try {
    return footerDifference(Footer.decode(tail.subarray(8, 8 + footerLength)), layout);
  } catch {
    return 'its footer cannot be decoded';
  }
}

function footerDifference(footer: Footer, layout: PartLayout): string | undefined {
  if (String(footer.schema) !== String(schemaOf(layout.shape.columns))) return 'its columns are others';
  if (footer.numRecordBatches !== layout.batches)
    return `it has ${footer.numRecordBatches} record batches, expected ${layout.batches}`;
  for (let batch = 0; batch < layout.batches; batch++) {
    const block = footer.getRecordBatch(batch);
    if (
      block?.offset !== layout.batchOffset(batch) ||
      block.metaDataLength !== layout.shape.batchHeadBytes ||
      block.bodyLength !== layout.body(batch).bytes
    )
      return `record batch ${batch} is not where it belongs`;
  }
  return undefined;
}

import { crc32 } from '@node-rs/crc32';
import { drawAugmentation } from '../data/augmentation.js';
import type { Batch } from '../data/batch.js';
import { RunError } from '../errors.js';
import type { TeacherTargets } from '../teacher/targets.js';
import { attentionMaps } from './attention-maps.js';
import { type CacheFormat, crcColumn } from './cache-format.js';
import type { Column } from './column.js';
import { type CacheContents, columnNames, mapColumnName, storedTap } from './columns.js';
import { halfFloats } from './half-floats.js';
import type { BodyLayout } from './part-layout.js';
import { keepLargest, spreadLogits } from './top-k.js';

/** Cells smaller than this many bytes are joined before their checksum is computed, which saves calls. */
const smallCell = 64;
const smallCells = new Uint8Array(1024);

/**
 * The CRC-32 (as in zlib and PNG) of all cells of a row except the checksum itself, in the order of the
 * columns.
 */
export function rowCrc(
  columns: readonly Column[],
  crcAt: number,
  body: Uint8Array,
  { offsets }: BodyLayout,
  row: number,
): number {
  let crc = 0;
  let held = 0;
  for (let n = 0; n < columns.length; n++) {
    if (n === crcAt) continue;
    const { bytes } = columns[n];
    const start = offsets[n] + row * bytes;
    const isSmall = bytes < smallCell;
    if (held > 0 && (!isSmall || held + bytes > smallCells.length)) {
      crc = crc32(smallCells.subarray(0, held), crc);
      held = 0;
    }
    if (isSmall) for (let i = 0; i < bytes; i++) smallCells[held++] = body[start + i];
    else crc = crc32(body.subarray(start, start + bytes), crc);
  }
  return held > 0 ? crc32(smallCells.subarray(0, held), crc) : crc;
}

/** The cells of a column as numbers of its type. */
function cells(
  body: Uint8Array,
  { offsets, rows }: BodyLayout,
  columns: readonly Column[],
  n: number,
): Cells {
  const { type, list } = columns[n];
  const start = body.byteOffset + offsets[n];
  const count = rows * (list ?? 1);
  return new arrays[type](body.buffer as ArrayBuffer, start, count);
}

const arrays = {
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float16: Uint16Array,
  float32: Float32Array,
} as const;

type Cells = InstanceType<(typeof arrays)[keyof typeof arrays]>;

/** Writes floats into a column of either type. */
function putFloats(values: Float32Array, into: Cells): void {
  if (into instanceof Float32Array) into.set(values);
  else halfFloats().narrow(values, into as Uint16Array);
}

/** Reads a column of either type into floats. */
function getFloats(from: Cells, into: Float32Array): void {
  if (from instanceof Float32Array) into.set(from);
  else halfFloats().widen(from as Uint16Array, into);
}

/**
 * Writes the rows of a batch as the body of a record batch.
 *
 * @param body zeroed memory of `layout.bytes`, its offset a multiple of 64
 * @param layout with as many rows as the batch
 * @throws RunError if a logit of the teacher is not finite in the type of the cache
 */
export function encodeRows(
  format: CacheFormat,
  batch: Batch,
  targets: TeacherTargets,
  body: Uint8Array,
  layout: BodyLayout,
): void {
  const { columns, identity } = format;
  const { contents, data, views } = identity;
  const column = (name: string): Cells => cells(body, layout, columns, format.column(name));
  column(columnNames.index).set(batch.indices);
  column(columnNames.view).fill(batch.view);
  column(columnNames.label).set(batch.labels);
  const drawn = format.viewColumns.map((view) => [column(view.column.name), view.valueOf] as const);
  for (let row = 0; row < batch.size; row++) {
    const { viewSeed } = views;
    const parameters = drawAugmentation(
      format.augmentation,
      viewSeed,
      batch.indices[row],
      batch.view,
      data.size,
    );
    for (const [into, valueOf] of drawn) into[row] = valueOf(parameters, batch, row);
  }
  checkFinite(targets.logits, contents, batch);
  if (contents.topK === null) {
    putFloats(targets.logits, column(columnNames.logits));
  } else {
    const kept = keepLargest(targets.logits, contents.classes, contents.topK);
    column(columnNames.topIndex).set(kept.indices);
    putFloats(kept.probabilities, column(columnNames.topProbability));
  }
  for (const tap of contents.taps) {
    const map = targets.features.get(tap.name)!;
    const stored = contents.maps === 'features' ? map : attentionMaps(map, tap.shape[2]);
    putFloats(stored, column(mapColumnName(contents, tap)));
  }
  const crcAt = crcColumn(columns);
  const crcs = column(columnNames.crc);
  for (let row = 0; row < batch.size; row++) crcs[row] = rowCrc(columns, crcAt, body, layout, row);
}

const largestHalf = 65504;

function checkFinite(logits: Float32Array, { dtype, topK, classes }: CacheContents, batch: Batch): void {
  const most = dtype === 'float16' && topK === null ? largestHalf : Number.MAX_VALUE;
  const at = logits.findIndex((logit) => !(Math.abs(logit) <= most));
  if (at < 0) return;
  const row = Math.floor(at / classes);
  throw new RunError(
    `the teacher's logit of class ${at % classes} is ${logits[at]} for view ${batch.view} of image ${batch.indices[row]}, which ${dtype} cannot hold.`,
    {
      fix: Number.isFinite(logits[at])
        ? 'use `dtype: float32`'
        : 'look for images that are not finite after the normalisation, or another teacher',
    },
  );
}

/** The number of floats in the targets of one row. */
export function floatsPerRow(contents: CacheContents): number {
  return contents.taps.reduce(
    (sum, tap) => sum + storedTap(contents, tap).shape.reduce((all, length) => all * length, 1),
    contents.classes,
  );
}

/** Targets in memory of `rows` · `floatsPerRow` floats: logits, then each map. */
export function targetsIn(memory: ArrayBufferLike, contents: CacheContents, rows: number): TeacherTargets {
  let end = 0;
  const take = (length: number): Float32Array => {
    const start = end;
    end += length;
    return new Float32Array(memory, 4 * start, length);
  };
  const logits = take(rows * contents.classes);
  const features = new Map(
    contents.taps.map((tap) => {
      const [height, width, channels] = storedTap(contents, tap).shape;
      return [tap.name, take(rows * height * width * channels)];
    }),
  );
  return { logits, features };
}

/** The targets of `count` rows from row `first` on, out of `rows`; the memory is shared. */
export function targetsOfRows(
  { logits, features }: TeacherTargets,
  rows: number,
  first: number,
  count: number,
): TeacherTargets {
  const part = (values: Float32Array): Float32Array => {
    const length = values.length / rows;
    return values.subarray(first * length, (first + count) * length);
  };
  return { logits: part(logits), features: new Map([...features].map(([name, map]) => [name, part(map)])) };
}

/** Reads targets from the body of a record batch. */
export function decodeRows(
  { columns, contents }: { readonly columns: readonly Column[]; readonly contents: CacheContents },
  body: Uint8Array,
  layout: BodyLayout,
  into: TeacherTargets,
): void {
  const column = (name: string): Cells =>
    cells(
      body,
      layout,
      columns,
      columns.findIndex((candidate) => candidate.name === name),
    );
  if (contents.topK === null) {
    getFloats(column(columnNames.logits), into.logits);
  } else {
    const probabilities = new Float32Array(layout.rows * contents.topK);
    getFloats(column(columnNames.topProbability), probabilities);
    const indices = column(columnNames.topIndex) as Uint16Array;
    spreadLogits(indices, probabilities, contents.classes, into.logits);
  }
  for (const tap of contents.taps)
    getFloats(column(mapColumnName(contents, tap)), into.features.get(tap.name)!);
}

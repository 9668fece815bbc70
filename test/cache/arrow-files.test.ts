import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type RecordBatch, tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { columnNames } from '../../src/cache/columns.js';
import { drawAugmentation } from '../../src/data/augmentation.js';
import { scratchFolder } from '../files/scratch.js';
import {
  tinyAugmentation,
  tinyBatch,
  tinyDataset,
  TinyTeacher,
  type TinyOptions,
  tinyTaps,
  writeTinyCache,
} from './tiny-cache.js';

const scratch = scratchFolder();
const dataset = tinyDataset();
const ordered = [...dataset.indices].sort((a, b) => a - b);

/** A cache as Apache Arrow's library reads it, without anything of ours. */
async function written(name: string, options: TinyOptions) {
  const directory = join(scratch, name);
  await writeTinyCache(directory, options);
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.arrow'))
    .sort();
  const tables = files.map((file) => tableFromIPC(readFileSync(join(directory, file))));
  return { files, tables, batches: tables.flatMap(({ batches }) => batches) };
}

/** The bytes of a row's cell in a column. */
function cellBytes(batch: RecordBatch, column: number, row: number): Uint8Array {
  const data = batch.data.children[column];
  const list = data.children[0];
  const values = (list ?? data).values as Uint16Array;
  const width = list ? values.length / batch.numRows : 1;
  const part = values.subarray(row * width, (row + 1) * width);
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
}

const cases: readonly [name: string, options: TinyOptions, columns: readonly string[]][] = [
  ['logits in float16', { taps: [] }, ['logits FixedSizeList[5]<Float16>']],
  ['logits in float32', { taps: [], dtype: 'float32' }, ['logits FixedSizeList[5]<Float32>']],
  [
    'feature maps',
    {},
    [
      'logits FixedSizeList[5]<Float16>',
      'feature_level1 FixedSizeList[96]<Float16>',
      'feature_level2 FixedSizeList[36]<Float16>',
    ],
  ],
  [
    'attention maps',
    { maps: 'attention' },
    [
      'logits FixedSizeList[5]<Float16>',
      'attention_level1 FixedSizeList[16]<Float16>',
      'attention_level2 FixedSizeList[4]<Float16>',
    ],
  ],
  [
    'the largest probabilities',
    { taps: [], topK: 2 },
    ['topk_index FixedSizeList[2]<Uint16>', 'topk_probability FixedSizeList[2]<Float16>'],
  ],
];

describe.each(cases)('a cache of %s', (name, options, columns) => {
  it('has its schema, all rows in order, and their checksums', async () => {
    const { tables, batches } = await written(name, options);
    const fields = tables[0].schema.fields;
    expect(fields.map((field) => `${field.name} ${String(field.type)}`)).toEqual([
      'index Uint32',
      'view Uint16',
      'label Int32',
      'offset_y Int16',
      'offset_x Int16',
      'flip Uint8',
      'crc32 Uint32',
      ...columns,
    ]);
    for (const field of fields) {
      expect(field.nullable).toBe(false);
      expect(field.metadata.get('description')).toMatch(/\w/);
    }
    const rows = tables.flatMap((table) => table.toArray().map((row) => (row as { toJSON(): Row }).toJSON()));
    expect(rows.map(({ view, index }) => `${view}/${index}`)).toEqual(
      [0, 1].flatMap((view) => ordered.map((index) => `${view}/${index}`)),
    );
    for (const row of rows) {
      expect(row.label).toBe(dataset.labels[dataset.indices.indexOf(row.index)]);
      const drawn = drawAugmentation(tinyAugmentation, 0, row.index, row.view, [8, 8]);
      expect([row.offset_y, row.offset_x, row.flip]).toEqual([
        drawn.offsetY,
        drawn.offsetX,
        Number(drawn.flip),
      ]);
    }
    for (const batch of batches) {
      const crcAt = fields.findIndex((field) => field.name === columnNames.crc);
      for (let row = 0; row < batch.numRows; row++) {
        const cells = fields.map((_, column) => cellBytes(batch, column, row));
        const others = Buffer.concat(cells.filter((_, column) => column !== crcAt));
        expect(Buffer.from(cells[crcAt]).readUInt32LE()).toBe(crc32(others));
      }
    }
  });
});

interface Row {
  readonly index: number;
  readonly view: number;
  readonly label: number;
  readonly offset_y: number;
  readonly offset_x: number;
  readonly flip: number;
}

it('cuts views into files and files into record batches', async () => {
  const { files, batches } = await written('cut', {});
  // Record batches of 5 rows take 2,048 bytes: two in a file of 5,000.
  expect(files).toEqual(
    ['000', '001'].flatMap((view) => ['000', '001', '002'].map((part) => `view-${view}-part-${part}.arrow`)),
  );
  expect(batches.map(({ numRows }) => numRows)).toEqual([5, 5, 5, 5, 3, 5, 5, 5, 5, 3]);
});

it('aligns every buffer to 64 bytes', async () => {
  const { batches } = await written('aligned', { dtype: 'float32' });
  for (const batch of batches)
    for (const { values, children } of batch.data.children) {
      const array = (children[0]?.values ?? values) as Uint16Array;
      expect(array.byteOffset % 64).toBe(0);
    }
});

it('holds what the teacher answered, in float32 exactly', async () => {
  const { batches } = await written('float32', { dtype: 'float32' });
  const teacher = new TinyTeacher();
  for (const view of [0, 1]) {
    const rows = ordered.map((index) => dataset.indices.indexOf(index));
    const targets = await teacher.targets(tinyBatch(rows, view));
    const column = (name: string): number[] =>
      batches
        .filter((batch) => batch.getChild('view')!.get(0) === view)
        .flatMap((batch) => [...(batch.getChild(name)!.data[0].children[0].values as Float32Array)]);
    expect(column('logits')).toEqual([...targets.logits]);
    for (const { name } of tinyTaps)
      expect(column(`feature_${name}`)).toEqual([...targets.features.get(name)!]);
  }
});

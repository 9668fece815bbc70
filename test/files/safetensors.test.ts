import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { type NamedTensor, readSafetensors, writeSafetensors } from '../../src/files/safetensors.js';
import { scratchFolder } from './scratch.js';

const folder = scratchFolder();
const path = join(folder, 'checkpoint.safetensors');

const tensors = new Map<string, NamedTensor>([
  ['matrix', { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, -0, 1e-40, Infinity) }],
  ['scalar', { shape: [], values: Float32Array.of(Math.fround(0.1)) }],
  ['empty', { shape: [0, 4], values: new Float32Array(0) }],
  // A view into a larger buffer: only its own part is written.
  ['größe', { shape: [2], values: Float32Array.of(9, 7, 8, 9).subarray(1, 3) }],
]);
const metadata = { format: '1', classes: '["a","b"]' };

/** A file of this header and these data bytes. */
function fileOf(header: string, dataBytes: number): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]);
}

describe('safetensors', () => {
  it('come back as they were written', async () => {
    await writeSafetensors(path, { tensors, metadata });
    const read = await readSafetensors(path);
    expect(read.metadata).toEqual(metadata);
    expect([...read.tensors.keys()]).toEqual([...tensors.keys()]);
    for (const [name, { shape, values }] of tensors) {
      expect(read.tensors.get(name)).toEqual({ shape, values: values.slice() });
    }
    expect(Object.is(read.tensors.get('matrix')!.values[3], -0)).toBe(true);
    expect(readdirSync(folder)).toEqual(['checkpoint.safetensors']);
  });

  it('begin with the length of a JSON header that is padded to eight bytes; then come the values', async () => {
    await writeSafetensors(path, { tensors, metadata });
    const bytes = readFileSync(path);
    const headerLength = Number(bytes.readBigUInt64LE(0));
    expect(headerLength % 8).toBe(0);
    const text = bytes.toString('utf8', 8, 8 + headerLength);
    expect(text[0]).toBe('{');
    expect(JSON.parse(text)).toEqual({
      __metadata__: metadata,
      matrix: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
      scalar: { dtype: 'F32', shape: [], data_offsets: [24, 28] },
      empty: { dtype: 'F32', shape: [0, 4], data_offsets: [28, 28] },
      größe: { dtype: 'F32', shape: [2], data_offsets: [28, 36] },
    });
    expect(bytes.length).toBe(8 + headerLength + 36);
    expect(bytes.readFloatLE(8 + headerLength + 4)).toBe(-2);
    expect(bytes.readFloatLE(8 + headerLength + 28)).toBe(7);
  });

  it('of another writer are read without metadata, in any order and where values are not aligned', async () => {
    const header =
      '{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const bytes = fileOf(header, 8);
    expect(Buffer.byteLength(header) % 4).not.toBe(0);
    bytes.writeFloatLE(5, bytes.length - 8);
    bytes.writeFloatLE(6, bytes.length - 4);
    writeFileSync(path, bytes);
    const { tensors: read, metadata: none } = await readSafetensors(path);
    expect(none).toEqual({});
    expect([...read].map(([name, { values }]) => [name, values[0]])).toEqual([
      ['b', 6],
      ['a', 5],
    ]);
  });

  const entry = (fields: string): string => `{"w":{${fields}}}`;
  it.each<[string, Uint8Array, string]>([
    ['short', Buffer.alloc(7), 'is not a whole safetensors file: it has 7 bytes.'],
    [
      'cut in its header',
      fileOf('{"w":1}', 0).subarray(0, 12),
      'is not a whole safetensors file: its header is cut off.',
    ],
    [
      'of a header of 2^60 bytes',
      Buffer.from('0000000000000010', 'hex'),
      'is not a whole safetensors file: its header is cut off.',
    ],
    ['no JSON', fileOf('{"w":', 0), 'is not a whole safetensors file: its header is not JSON.'],
    ['a list', fileOf('[]', 0), 'is not a whole safetensors file: its header is wrong at the top.'],
    [
      'of a tensor that is none',
      fileOf('{"w":5}', 0),
      'is not a whole safetensors file: its header is wrong at w.',
    ],
    [
      'of a negative place',
      fileOf(entry('"dtype":"F32","shape":[1],"data_offsets":[-4,0]'), 4),
      'is not a whole safetensors file: its header is wrong at w.data_offsets.0.',
    ],
    [
      'of metadata that are no texts',
      fileOf('{"__metadata__":{"epoch":1}}', 0),
      'is not a whole safetensors file: its header is wrong at __metadata__.epoch.',
    ],
    [
      'of another type',
      fileOf(entry('"dtype":"BF16","shape":[2],"data_offsets":[0,4]'), 4),
      "holds 'w' as BF16; expected F32.",
    ],
    [
      'of a shape that does not fit',
      fileOf(entry('"dtype":"F32","shape":[3],"data_offsets":[0,8]'), 8),
      "is not a whole safetensors file: 'w' has 8 bytes for 3 values.",
    ],
    [
      'cut in its values',
      fileOf(entry('"dtype":"F32","shape":[3],"data_offsets":[0,12]'), 8),
      "is not a whole safetensors file: 'w' is cut off.",
    ],
  ])('that are %s are refused', async (_, bytes, message) => {
    writeFileSync(path, bytes);
    const error: unknown = await readSafetensors(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe(`${path} ${message}`);
  });

  it('that are missing are refused', async () => {
    await expect(readSafetensors(join(folder, 'gone'))).rejects.toThrow(
      /^cannot read the checkpoint .*gone: ENOENT/,
    );
  });
});

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSafetensorsMetadata } from '@huggingface/hub';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, type TensorFile } from '../../src/files/safetensors.js';
import { stagedRuns } from '../run/staged-runs.js';

// Students and checkpoints of a run, read by other programs.

const referenceReader = fileURLToPath(new URL('./read_safetensors.py', import.meta.url));
const python = ['/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import safetensors'], { stdio: 'ignore' }).status === 0,
);

const { staged, run } = stagedRuns();
let files: string[];

beforeAll(async () => {
  const { directory } = await run(staged({}, { binary: 'activations', losses: { features: { weight: 1 } } }));
  const checkpoints = readdirSync(join(directory, 'checkpoints')).filter((name) => name.endsWith('tensors'));
  files = [
    ...checkpoints.map((name) => join('checkpoints', name)),
    'last.safetensors',
    'best.safetensors',
  ].map((name) => join(directory, name));
  expect(checkpoints.length).toBeGreaterThan(1);
});

const bytesOf = (values: Float32Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** Each file as our own reader has it. */
async function ours(path: string): Promise<TensorFile> {
  const file = await readSafetensors(path);
  expect(file.tensors.size).toBeGreaterThan(10);
  return file;
}

/** Serves a file as a model hub does, by ranges. */
function serve(path: string): typeof fetch {
  const bytes = readFileSync(path);
  return (input, options) => {
    const url = input instanceof Request ? input.url : String(input);
    const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(options?.headers).get('range') ?? '');
    if (!url.endsWith(basename(path)) || !range) return Promise.resolve(new Response('', { status: 404 }));
    const [from, to] = range.slice(1).map(Number);
    const headers = { etag: '"1"', 'content-range': `bytes ${from}-${to}/${bytes.length}` };
    return Promise.resolve(new Response(bytes.subarray(from, to + 1), { status: 206, headers }));
  };
}

it("have the tensors and places that Hugging Face's JavaScript reader finds", async () => {
  for (const path of files) {
    const { tensors, metadata } = await ours(path);
    const read = await parseSafetensorsMetadata({ repo: 'a/b', path: basename(path), fetch: serve(path) });
    if (read.sharded) throw new Error('expected one file');
    const { __metadata__: readMetadata, ...entries } = read.header;
    expect(readMetadata ?? {}).toEqual(metadata);
    expect(Object.keys(entries)).toEqual([...tensors.keys()]);
    const bytes = readFileSync(path);
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    for (const [name, { shape, values }] of tensors) {
      const {
        dtype,
        shape: readShape,
        data_offsets: [from, to],
      } = entries[name];
      expect({ dtype, readShape }).toEqual({ dtype: 'F32', readShape: shape });
      expect(bytes.subarray(start + from, start + to).equals(bytesOf(values)), name).toBe(true);
    }
  }
});

describe.skipIf(!python)(
  `read by the reference${python ? '' : ' (needs the Python package safetensors)'}`,
  () => {
    it('have the same tensors, bit for bit', async () => {
      for (const path of files) {
        const { tensors } = await ours(path);
        const { stdout, stderr, status } = spawnSync(python!, [referenceReader, path], {
          encoding: 'utf8',
          maxBuffer: 1 << 28,
        });
        expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
        const read = JSON.parse(stdout) as Record<string, { dtype: string; shape: number[]; bytes: string }>;
        expect(new Set(Object.keys(read))).toEqual(new Set(tensors.keys()));
        for (const [name, { shape, values }] of tensors)
          expect(read[name]).toEqual({ dtype: 'F32', shape, bytes: bytesOf(values).toString('hex') });
      }
    });
  },
);

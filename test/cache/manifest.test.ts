import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { firstDifference } from '../../src/cache/identity.js';
import { type Manifest, readManifest } from '../../src/cache/manifest.js';
import { scratchFolder } from '../files/scratch.js';
import { tinyIdentity, tinyOrigin, writeTinyCache } from './tiny-cache.js';

const scratch = scratchFolder();
const cache = join(scratch, 'cache');
let text: string;

beforeAll(async () => {
  await writeTinyCache(cache, { topK: 2, taps: [] });
  text = readFileSync(join(cache, 'manifest.json'), 'utf8');
});

it('says what the cache was made for and lists its files', async () => {
  const manifest = await readManifest(cache);
  expect(manifest).toMatchObject({ ...(await tinyIdentity({ topK: 2, taps: [] })) });
  const { files } = manifest!;
  expect(files.map(({ view, firstRow, rows }) => [view, firstRow, rows])).toEqual([
    [0, 0, 23],
    [1, 0, 23],
  ]);
  for (const file of files) {
    expect(file).toMatchObject(tinyOrigin);
    expect(readFileSync(join(cache, file.name))).toHaveLength(file.bytes);
  }
});

it('is absent where there is none', async () => {
  expect(await readManifest(scratch)).toBeUndefined();
  expect(await readManifest(join(cache, 'manifest.json'))).toBeUndefined();
});

describe('a damaged manifest is refused', () => {
  it.each<[string, (text: string) => string, RegExp]>([
    ['cut off', (t) => t.slice(0, 500), /is damaged: it is not JSON/],
    ['empty', () => '', /is damaged: it is not JSON/],
    ['of a list', () => '[]', /is damaged: it is not the manifest of a cache/],
    ['of null', () => 'null', /is damaged: it is not a JSON object/],
    [
      'with a changed number',
      (t) => t.replace('"pictures": 23', '"pictures": 24'),
      /does not have the SHA-256 at its end/,
    ],
    [
      'with a changed name',
      (t) => t.replace('tiny.onnx', 'tiny.onny'),
      /does not have the SHA-256 at its end/,
    ],
    [
      'without its sha256',
      (t) => t.replace(/,\s*"sha256": "\w+"\s*\}\s*$/, '}'),
      /does not have the SHA-256/,
    ],
    [
      'of a later version',
      (t) => t.replace('"schema": 1', '"schema": 2'),
      /has schema 2; this version reads schema 1/,
    ],
  ])('%s', async (name, change, message) => {
    const directory = join(scratch, name);
    mkdirSync(directory);
    expect(change(text)).not.toBe(text);
    writeFileSync(join(directory, 'manifest.json'), change(text));
    await expect(readManifest(directory)).rejects.toThrow(message);
  });
});

const identity = (await tinyIdentity()) as unknown as Manifest;

describe('firstDifference', () => {
  it('is none for the same', () => {
    expect(firstDifference(identity, structuredClone(identity))).toBeUndefined();
  });
  it('leaves out the name of the model and the words of its card', () => {
    const renamed = structuredClone(identity);
    Object.assign(renamed.teachers[0], { file: 'b.onnx', cardSha256: 'c'.repeat(64), expectedTop1: 5 });
    expect(firstDifference(identity, renamed)).toBeUndefined();
  });
  it.each<[unknown, unknown, string | undefined]>([
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, 'b: 2, 3'],
    [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: null }] } }, 'a.b[1].c: 2, null'],
    [[1, 2], [1], '[1]: 2, absent'],
    [{}, { a: false }, 'a: absent, false'],
    [{ a: undefined }, {}, undefined],
    [{ a: 'x'.repeat(200) }, { a: 1 }, `a: "${'x'.repeat(96)}…, 1`],
  ])('of %j and %j', (stored, given, expected) => {
    const found = firstDifference(stored, given);
    expect(found && `${found.path}: ${found.stored}, ${found.given}`).toBe(expected);
  });
});

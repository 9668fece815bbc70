import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { InputError, RunError } from '../../src/errors.js';
import { makeDirectory, writeError, writeFileAtomically } from '../../src/files/atomic-write.js';
import { scratchFolder } from './scratch.js';

const root = scratchFolder();
let cases = 0;
let folder: string;
beforeEach(() => {
  folder = join(root, String(cases++));
  mkdirSync(folder);
});
const at = (name: string): string => join(folder, name);
const failure = async (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('writeFileAtomically', () => {
  it('writes text, or parts one after the other', async () => {
    await writeFileAtomically(at('text'), 'größe\n');
    expect(readFileSync(at('text'), 'utf8')).toBe('größe\n');
    await writeFileAtomically(at('parts'), [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
    expect([...readFileSync(at('parts'))]).toEqual([1, 2, 3]);
    expect(readdirSync(folder).sort()).toEqual(['parts', 'text']);
  });

  it('replaces what is there', async () => {
    writeFileSync(at('file'), 'a long text of before');
    await writeFileAtomically(at('file'), 'new');
    expect(readFileSync(at('file'), 'utf8')).toBe('new');
  });

  it('leaves the old file and nothing else when it fails half-way', async () => {
    writeFileSync(at('file'), 'old');
    const parts = [Uint8Array.of(1, 2, 3), null as unknown as Uint8Array];
    expect(await failure(writeFileAtomically(at('file'), parts))).toBeInstanceOf(RunError);
    expect(readFileSync(at('file'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('leaves nothing when the name is taken by a folder', async () => {
    mkdirSync(at('file'));
    const error = await failure(writeFileAtomically(at('file'), 'text'));
    expect(error).toBeInstanceOf(RunError);
    expect((error as RunError).message).toMatch(new RegExp(`^cannot write ${at('file')}: E\\w+: `));
    expect(readdirSync(folder)).toEqual(['file']);
    expect(readdirSync(at('file'))).toEqual([]);
  });

  it('names the place when its folder is a file', async () => {
    writeFileSync(at('file'), 'text');
    const error = await failure(writeFileAtomically(at('file/inner'), 'text'));
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toContain('a part of this path is a file');
  });
});

describe('makeDirectory', () => {
  it('makes parents and accepts what is there', async () => {
    await makeDirectory(at('a/b'));
    await makeDirectory(at('a/b'));
    expect(readdirSync(at('a'))).toEqual(['b']);
  });

  it.each(['file', 'file/inner'])('refuses %s, where a file stands in the way', async (name) => {
    writeFileSync(at('file'), 'text');
    const error = await failure(makeDirectory(at(name)));
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe(
      `cannot write ${at(name)}: a part of this path is a file, and a directory was expected.`,
    );
  });
});

describe('writeError', () => {
  const permission = 'choose another `out`, or change the permissions of its directory';
  it.each([
    ['EACCES', InputError, 'permission denied', permission],
    ['EPERM', InputError, 'permission denied', permission],
    ['EROFS', InputError, 'permission denied', permission],
    ['ENOSPC', RunError, 'the disk is full', 'free some space and run the command again'],
    ['EDQUOT', RunError, 'the disk is full', 'free some space and run the command again'],
    [
      'ENOTDIR',
      InputError,
      'a part of this path is a file, and a directory was expected',
      'choose another `out`',
    ],
    ['EIO', RunError, 'i/o error', undefined],
  ] as const)('tells of %s', (code, kind, what, fix) => {
    const cause = Object.assign(new Error('i/o error'), { code });
    const error = writeError('/runs/a', cause);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toBe(`cannot write /runs/a: ${what}.`);
    expect(error.fix).toBe(fix);
    expect(error.cause).toBe(cause);
  });
});

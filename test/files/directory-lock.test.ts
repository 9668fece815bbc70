import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DirectoryLock, lockFile } from '../../src/files/directory-lock.js';
import { InputError } from '../../src/errors.js';
import { scratchFolder } from '../files/scratch.js';

const directory = scratchFolder();
const path = join(directory, lockFile);

it('is given to one at a time', async () => {
  const lock = await DirectoryLock.take(directory);
  const refusal = await DirectoryLock.take(directory).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(InputError);
  expect((refusal as InputError).message).toBe(`process ${process.pid} is writing in ${directory}.`);
  expect((refusal as InputError).fix).toContain(`remove ${path}`);
  await lock.release();
  expect(existsSync(path)).toBe(false);
  await (await DirectoryLock.take(directory)).release();
});

const own = { pid: process.pid, host: hostname(), started: '1' };
it.each([
  ['of a process that ended', JSON.stringify({ ...own, pid: 2 ** 30 })],
  ['of a process whose number was used again', JSON.stringify(own)],
  ['that is no JSON', '{"pid":'],
  ['that is empty', ''],
])('a lock %s is taken over', async (_, text) => {
  writeFileSync(path, text);
  const lock = await DirectoryLock.take(directory);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  await lock.release();
});

it('a lock of another machine stays', async () => {
  const text = JSON.stringify({ ...own, host: 'elsewhere' });
  writeFileSync(path, text);
  await expect(DirectoryLock.take(directory)).rejects.toThrow(/process \d+ on elsewhere is writing/);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

it('of many that want a stale lock at once, one gets it', async () => {
  writeFileSync(path, JSON.stringify({ ...own, pid: 2 ** 30 }));
  const taken = await Promise.allSettled(Array.from({ length: 20 }, () => DirectoryLock.take(directory)));
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

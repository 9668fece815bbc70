import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { RandomStream } from '../../src/data/random.js';
import { distill, scratchFolder } from '../cli/distill.js';
import { differences, startCache, writeTeacher } from './faulty-cache.js';

const kills = 20;
const folder = scratchFolder();
const teacher = join(folder, 'teacher.onnx');
const whole = join(folder, 'whole');
const killed = join(folder, 'killed');
// Record batches of 32 rows 117 MB, and hundreds of writes.
const settings = ['--views', '4', '--batch-size', '32', '--dtype', 'float16'];
let seconds: number;

beforeAll(async () => {
  writeTeacher(teacher);
  const began = performance.now();
  const { code, stderr } = await startCache(teacher, whole, settings).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  seconds = (performance.now() - began) / 1000;
});

/** Bytes on the disk, but those of the lock. */
function bytesIn(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory)
    .filter((name) => name.includes('.arrow'))
    .reduce(
      (sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512,
      0,
    );
}

it(`a cache whose writer is killed at ${kills} random moments and continued is, bit for bit, the uninterrupted one`, async () => {
  // The moments differ from run to run; the seed is told, so that a failure can be looked at again.
  const seed = Number(process.env['BNN_TEST_SEED'] ?? Date.now() % 1e6);
  const stream = new RandomStream({ seed, purpose: 1000 });
  const moments: string[] = [];
  let finished = 0;
  while (moments.length < kills) {
    const before = bytesIn(killed);
    const { child, ended } = startCache(teacher, killed, settings);
    // The clock starts with the first write, so that it is killed while it writes and not while it starts.
    while (child.exitCode === null && bytesIn(killed) <= before) await sleep(2);
    await sleep(stream.float() * 200 * seconds);
    const ran = child.kill('SIGKILL');
    const { code } = await ended;
    if (ran && code === null) {
      moments.push(`${bytesIn(killed).toLocaleString('en-US')} bytes: ${readdirSync(killed).join(' ')}`);
    } else {
      // It was quicker: what it made must be right, and the next one begins anew.
      expect(code).toBe(0);
      expect(differences(whole, killed), `seed ${seed}`).toEqual([]);
      rmSync(killed, { recursive: true });
      finished++;
    }
  }
  expect(new Set(moments).size, 'moments that differ').toBeGreaterThan(kills / 2);
  const last = await startCache(teacher, killed, settings).ended;
  expect(last, `seed ${seed}`).toMatchObject({ code: 0, stderr: '' });
  expect(differences(whole, killed), `seed ${seed}\n${moments.join('\n')}`).toEqual([]);
  const verified = await distill(['cache', 'verify', killed]);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  expect(verified.stdout).toMatch(/15,200 rows, .*: all checksums are right; complete/);
  console.log(`${kills} kills (seed ${seed}), ${finished} times it was quicker\n${moments.join('\n')}`);
});

it('a command that was interrupted with Ctrl-C says so, gives the lock back, and goes on', async () => {
  const directory = join(folder, 'interrupted');
  const { child, ended } = startCache(teacher, directory, settings);
  while (!(existsSync(directory) && readdirSync(directory).some((name) => name.endsWith('.arrow'))))
    await sleep(2);
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 130, stderr: '\ndistill: interrupted.\n' });
  expect(readdirSync(directory)).not.toContain('writer.lock');
  const next = await startCache(teacher, directory, settings).ended;
  expect(next.code).toBe(0);
  const [, computed] = /^([\d,]+) answers/m.exec(next.stdout)!;
  expect(Number(computed.replace(',', ''))).toBeLessThanOrEqual(15_200 - 3_800);
  expect(differences(whole, directory)).toEqual([]);
});

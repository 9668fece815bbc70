import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/data/random.js';
import { distill, mainFile, type Running, scratchFolder, start } from '../cli/distill.js';
import { writeTinyCifar } from '../cli/tiny-cifar.js';
import { leftBy } from '../run/run-remains.js';
import { writeTeacher } from './faulty-cache.js';

const kills = 10;
const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const normalised = ['--mean', '0.5,0.5,0.5', '--std', '0.25,0.25,0.25'];
const common = ['--student', 'bnn-resnet20', '--batch-size', '20', '--checkpoint-seconds', '0'];
const live = [...common, '--teacher', at('teacher.onnx'), ...normalised, '--epochs', '6'];
const cached = [...common, '--teacher', at('cache'), '--epochs', '6'];

beforeAll(async () => {
  await writeTinyCifar(at('data'));
  writeTeacher(at('teacher.onnx'));
  const making = [
    'cache',
    '--teacher',
    at('teacher.onnx'),
    ...normalised,
    '--views',
    '2',
    '--out',
    at('cache'),
  ];
  expect(await distill([...making, ...data()])).toMatchObject({ code: 0, stderr: '' });
  writeFileSync(
    at('stages.yaml'),
    `student: { name: bnn-resnet20 }
stages:
  - { name: one, teacher: ${at('teacher.onnx')}, binary: activations, epochs: 3, batchSize: 20 }
  - { name: two, binary: both, losses: { center: { weight: 0.01 } }, average: { decay: 0.9 } }
`,
  );
});

const data = (): string[] => ['--data', `cifar10:${at('data')}`];
const startRun = (args: readonly string[]): Running => start(process.execPath, [mainFile, ...args]);

/** The checkpoints of a run, the newest last. */
function checkpointsIn(directory: string): string[] {
  const checkpoints = join(directory, 'checkpoints');
  if (!existsSync(checkpoints)) return [];
  return readdirSync(checkpoints)
    .filter((name) => name.endsWith('.json'))
    .sort();
}

async function wholeRun(args: readonly string[], directory: string): Promise<number> {
  const began = performance.now();
  const { code, stderr } = await startRun([...args, ...data(), '--out', directory]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return performance.now() - began;
}

describe(`a run that is killed at ${kills} random moments and resumed each time is, bit for bit, the uninterrupted one`, () => {
  it.each<[what: string, args: readonly string[], damages: boolean]>([
    ['with a live teacher', live, false],
    ['with a cached teacher', cached, false],
    ['in two stages', ['--recipe', at('stages.yaml'), ...normalised, '--checkpoint-seconds', '0'], false],
    ['with the newest checkpoint cut off each time', live, true],
  ])('%s', async (what, args, damages) => {
    const whole = at(`whole ${what}`);
    const milliseconds = await wholeRun(args, whole);
    // The moments differ from run to run; the seed is told, so that a failure can be looked at again.
    const seed = Number(process.env['BNN_TEST_SEED'] ?? Date.now() % 1e6);
    const stream = new RandomStream({ seed, purpose: 1001 });
    const killed = at(`killed ${what}`);
    const resuming = ['resume', killed, '--checkpoint-seconds', '0'];
    const moments: string[] = [];
    let finished = 0;
    while (moments.length < kills) {
      const isNew = checkpointsIn(killed).length === 0;
      if (isNew) rmSync(killed, { recursive: true, force: true });
      const { child, ended } = startRun(isNew ? [...args, ...data(), '--out', killed] : resuming);
      await new Promise((resolve) => child.stdout!.once('data', resolve).once('end', resolve));
      await sleep((stream.float() * milliseconds) / 6);
      const ran = child.kill('SIGKILL');
      const { code, stderr } = await ended;
      if (ran && code === null) {
        const newest = checkpointsIn(killed).at(-1);
        moments.push(newest ?? 'none');
        if (damages && checkpointsIn(killed).length > 1)
          truncateSync(join(killed, 'checkpoints', newest!.replace('.json', '.safetensors')), 5000);
        continue;
      }
      // It was quicker: what it made must be right, and the next one begins anew.
      expect({ code, stderr }, `seed ${seed}`).toEqual({ code: 0, stderr: '' });
      expect(leftBy(killed), `seed ${seed}`).toEqual(leftBy(whole));
      rmSync(killed, { recursive: true });
      finished++;
    }
    const last = await startRun(resuming).ended;
    expect(last, `seed ${seed}`).toMatchObject({ code: 0, stderr: '' });
    expect(leftBy(killed), `seed ${seed}\n${moments.join('\n')}`).toEqual(leftBy(whole));
    expect(new Set(moments).size, 'moments that differ').toBeGreaterThan(2);
    console.log(
      `${what}: ${kills} kills (seed ${seed}) at ${moments.join(' ')}; ${finished} times it was quicker`,
    );
  });
});

describe('a disk that fills up', () => {
  const inNamespace = (script: string) =>
    spawnSync('unshare', ['-rm', 'sh', '-c', script], { encoding: 'utf8' });
  const cannot =
    inNamespace(`mkdir -p ${at('disk')} && mount -t tmpfs -o size=1m none ${at('disk')}`).status !== 0;

  it.skipIf(cannot)(
    `is a clear error; with space again the run goes on to the same bits${cannot ? ' (needs unshare -rm)' : ''}`,
    async () => {
      await wholeRun(live, at('whole'));
      const command = (args: readonly string[]): string =>
        `${process.execPath} ${mainFile} ${args.join(' ')}`;
      const run = join(at('disk'), 'run');
      // Something else takes the space after the third checkpoint.
      const filler = `(while [ ! -e ${run}/checkpoints/000003.json ]; do sleep 0.01; done; head -c 200m /dev/zero > ${at('disk')}/filler) 2>/dev/null &`;
      const { stdout, stderr } = inNamespace(
        `mount -t tmpfs -o size=40m none ${at('disk')}
${filler}
${command([...live, ...data(), '--out', run])}
echo status $?
rm ${at('disk')}/filler
${command(['resume', run])} && cp -r ${run} ${at('filled')}`,
      );
      expect(stderr).toMatch(
        /^distill: cannot write \S+: the disk is full\.\n {2}fix: free some space, then: distill resume \S+\/run\n$/,
      );
      expect(stdout).toMatch(/status 1\n/);
      expect(leftBy(at('filled'))).toEqual(leftBy(at('whole')));
    },
  );
});

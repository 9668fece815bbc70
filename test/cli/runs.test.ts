import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { distill, type Ended, mainFile, scratchFolder, start } from './distill.js';
import { labelledRun } from './labelled-run.js';
import { tinyCifar, writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const inFolder = (...args: string[]): Promise<Ended> => distill(args, { cwd: folder });
const training = (...more: string[]): string[] => labelledRun('data', '--epochs', '1', ...more);

beforeAll(async () => {
  await writeTinyCifar(at('data'));
});

describe('distill runs', () => {
  it('says that there are none', async () => {
    expect(await inFolder('runs')).toEqual({ code: 0, stdout: 'no runs in runs/ yet\n', stderr: '' });
  });

  it('lists them, complete and interrupted', async () => {
    expect(await inFolder(...training('--quiet'))).toMatchObject({ code: 0, stderr: '' });
    const { child, ended } = start(
      process.execPath,
      [mainFile, ...training('--epochs', '500', '--lr', '1e-3')],
      {
        cwd: folder,
      },
    );
    child.stdout!.on('data', (text: string) => {
      if (text.includes('epoch 1/')) child.kill('SIGINT');
    });
    expect(await ended).toMatchObject({ code: 130 });
    const { code, stdout } = await inFolder('runs');
    expect(code).toBe(0);
    const began = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`;
    const lines = [
      /^run +began \(UTC\) +student +state +epochs +validation +test +time$/,
      new RegExp(
        `^runs/bnn-resnet20-1 +${began} +bnn-resnet20 +complete +1/1 +\\d+\\.\\d\\d % +\\d+\\.\\d\\d % +\\d+ s$`,
      ),
      new RegExp(`^runs/bnn-resnet20-2 +${began} +bnn-resnet20 +interrupted +\\d/500 +\\S.* +– +–$`),
    ];
    const printed = stdout.trimEnd().split('\n');
    expect(printed).toHaveLength(3);
    lines.forEach((line, n) => expect(printed[n]).toMatch(line));
  });

  it('compares the settings of those that are named', async () => {
    const { stdout } = await inFolder('runs', 'runs/bnn-resnet20-1', 'runs/bnn-resnet20-2');
    expect(stdout).toMatch(/^setting +runs\/bnn-resnet20-1 +runs\/bnn-resnet20-2$/m);
    expect(stdout).toMatch(/^stages\[0\]\.epochs +1 +500$/m);
    expect(stdout).toMatch(/^stages\[0\]\.optimizer\.lr +0\.002 +0\.001$/m);
  });

  it('and resume latest goes on with the last of them', async () => {
    const { code, stdout } = await inFolder('resume', 'latest', '--epochs', '6');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^run runs\/bnn-resnet20-2 goes on from /);
    expect(stdout).toMatch(/^changed: epochs is 6, and was 500$/m);
  });

  it('refuses what is no run', async () => {
    expect(await inFolder('runs', 'data')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^distill: data is not a run: it has no recipe\.yaml\.\n/) as string,
    });
  });
});

describe('distill rerun', () => {
  it('refuses a run that is not complete', async () => {
    cpSync(at('runs/bnn-resnet20-1'), at('incomplete'), { recursive: true });
    rmSync(at('incomplete/summary.json'));
    expect(await inFolder('rerun', 'incomplete')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'distill: the run in incomplete is not complete, so there is nothing to compare with.\n  fix: distill resume incomplete\n',
    });
  });

  it('repeats a run and finds it equal', async () => {
    const { code, stdout, stderr } = await inFolder('rerun', 'runs/bnn-resnet20-1', '--out', 'again');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/\nequal {4}runs\/bnn-resnet20-1 and again, bit for bit\n$/);
  });

  it.each<[what: string, change: (run: string) => void, message: RegExp]>([
    [
      'students that differ',
      (run) => {
        appendFileSync(join(run, 'last.safetensors'), 'x');
      },
      /: the tensors in last\.safetensors differ\./,
    ],
  ])('tells %s', async (what, change, message) => {
    const name = what.replaceAll(' ', '-');
    cpSync(at('runs/bnn-resnet20-1'), at(name), { recursive: true });
    change(at(name));
    const { code, stderr } = await inFolder('rerun', name, '--quiet', '--out', `${name}-again`);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});

it('a run writes down its machine, code, packages, data and teachers, and goes on with no other data', async () => {
  const environment = JSON.parse(readFileSync(at('runs/bnn-resnet20-1/environment.json'), 'utf8')) as object;
  expect(environment).toMatchObject({
    machine: { node: process.versions.node, cores: expect.any(Number) as number },
    code: {
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      sha256: expect.stringMatching(/^[\da-f]{64}$/) as string,
    },
    packages: { '@tensorflow/tfjs-core': expect.stringMatching(/^\d+\.\d+\.\d+$/) as string },
    data: {
      spec: 'cifar10:data',
      trainingPictures: tinyCifar.training,
      sha256: expect.stringMatching(/^[\da-f]{64}$/) as string,
    },
    teachers: {},
  });
  const batch = readFileSync(at('data/data_batch_1.bin'));
  cpSync(at('data'), at('other'), { recursive: true });
  batch[batch.length - 1] ^= 1;
  writeFileSync(at('other/data_batch_1.bin'), batch);
  const { code, stderr } = await inFolder(
    'resume',
    'runs/bnn-resnet20-1',
    '--epochs',
    '2',
    '--data',
    'cifar10:other',
  );
  expect(stderr).toMatch(
    /^distill: the training images of cifar10:other are not those with which the run in runs\/bnn-resnet20-1 began\.\n/,
  );
  expect(code).toBe(2);
});

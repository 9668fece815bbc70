import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { leftBy } from '../run/run-remains.js';
import { distill, type Ended, mainFile, scratchFolder, start } from './distill.js';
import { runInProcess } from './in-process.js';
import { labelledRun } from './labelled-run.js';
import { tinyCifar, writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const batchSize = 3;
const stepsPerEpoch = Math.floor(tinyCifar.training / batchSize);
// Of full width and many steps, so that a signal comes while an epoch is under way.
const training = (run: string, ...more: string[]): string[] =>
  labelledRun(
    at('data'),
    ...[
      '--set',
      'student.width=1',
      '--batch-size',
      String(batchSize),
      '--epochs',
      '2',
      '--out',
      at(run),
      ...more,
    ],
  );

/** Sends a signal as soon as the first step is told. */
async function signalled(args: readonly string[], ...signals: NodeJS.Signals[]): Promise<Ended> {
  const { child, ended } = start(process.execPath, [mainFile, ...args, '--json']);
  let isSent = false;
  child.stdout!.on('data', (text: string) => {
    if (isSent || !text.includes('"kind":"step"')) return;
    isSent = true;
    for (const signal of signals) child.kill(signal);
  });
  return ended;
}

beforeAll(async () => {
  await writeTinyCifar(at('data'));
  expect(await distill(training('whole', '--quiet'))).toMatchObject({ code: 0, stderr: '' });
});

describe('a run that gets a signal', () => {
  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s finishes its step and ends with %d; resumed, the run equals one without', async (signal, code) => {
    const name = `by-${signal}`;
    const ended = await signalled(training(name), signal);
    expect(ended).toMatchObject({ code, stderr: '\ndistill: interrupted.\n' });
    const kinds = ended.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(kinds.at(-1)).toEqual({ kind: 'interrupted', directory: at(name) });
    expect(existsSync(join(at(name), 'writer.lock'))).toBe(false);
    // One of them is enough to resume.
    if (signal === 'SIGTERM') return;
    const { stdout, ...rest } = await distill(['resume', at(name)]);
    expect(rest).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(`^run ${at(name)} goes on from \\S+\\.safetensors: step \\d+ of epoch 1\n`),
    );
    expect(leftBy(at(name))).toEqual(leftBy(at('whole')));
  });

  it('twice ends at once', async () => {
    const ended = await signalled(training('twice'), 'SIGINT', 'SIGTERM');
    expect([130, 143]).toContain(ended.code);
  });

  it('says in words how to go on with it', async () => {
    const { child, ended } = start(process.execPath, [mainFile, ...training('words', '--epochs', '10000')]);
    child.stdout!.on('data', (text: string) => {
      if (text.includes('epoch 1/')) child.kill('SIGINT');
    });
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    expect(stdout).toMatch(new RegExp(`\nto go on with it: distill resume ${at('words')}\n$`));
  });
});

describe('distill shows a run', () => {
  it('with --quiet by its end alone', async () => {
    const { stdout } = await distill(training('quiet', '--epochs', '1', '--quiet'));
    expect(stdout).toMatch(/^student {2}test top-1 [^\n]+\ntime [^\n]+\nrun {6}\S+\n$/);
  });

  it('with --json by one line an event, the same figures as in the metrics', async () => {
    const { stdout, stderr, code } = await distill(training('json', '--json'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; loss: number; test: object });
    const kinds = events.map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...['started', 'stage'],
      ...[...Array<string>(stepsPerEpoch).fill('step'), 'epoch'],
      ...[...Array<string>(stepsPerEpoch).fill('step'), 'epoch'],
      ...['evaluating', 'summary'],
    ]);
    const metrics = readFileSync(join(at('json'), 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    const losses = metrics.map((line) => JSON.parse(line) as { event: string; loss: number });
    expect(events.filter(({ kind }) => kind === 'step').map(({ loss }) => loss)).toEqual(
      losses.filter(({ event }) => event === 'step').map(({ loss }) => loss),
    );
    expect(events.at(-1)!.test).toMatchObject({ student: { total: tinyCifar.test } });
  });
});

describe('distill resume refuses with exit code 2', () => {
  it.each<[args: () => string[], stderr: () => string]>([
    [() => [], () => "distill: missing required argument 'run|latest'.\n  fix: see distill resume --help\n"],
    [
      () => [at('nowhere')],
      () =>
        `distill: ${at('nowhere')} is not a run: it does not exist.\n  fix: name the directory that the run printed first and last, or latest\n`,
    ],
    [
      () => [at('whole')],
      () =>
        `distill: the run in ${at('whole')} is complete: it has its 2 epochs.\n  fix: to train on, ask for more, for instance --epochs 4\n`,
    ],
    [
      () => [at('whole'), '--epochs', '1'],
      () => "distill: --epochs is 1, but stage 'main' has begun epoch 2; expected at least 2.\n",
    ],
    [
      () => [at('whole'), '--epochs', '3', '--quiet', '--json'],
      () => 'distill: --quiet and --json say how to show a run in two ways.\n  fix: leave one of them out\n',
    ],
    [
      () => [at('whole'), '--lr', '1'],
      () => "distill: unknown flag '--lr'.\n  fix: see distill resume --help\n",
    ],
  ])('%s', async (args, stderr) => {
    const ended = await runInProcess(['resume', ...args()]);
    expect(ended.stderr).toBe(stderr());
    expect(ended.code).toBe(2);
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/files/safetensors.js';
import { distill, type Ended, scratchFolder, teacherFile } from './distill.js';
import { tinyCifar, writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const bytesOf = (run: string, file: string): Buffer => readFileSync(join(at(run), file));
const batchSize = 16;
const steps = Math.floor(tinyCifar.training / batchSize);

function train(run: string, ...more: string[]): Promise<Ended> {
  const fixed = ['--teacher', teacherFile, '--student', 'bnn-resnet20', '--data', `cifar10:${at('data')}`];
  const short = ['--epochs', '1', '--batch-size', String(batchSize), '--seed', '3', '--out', at(run)];
  return distill([...fixed, ...short, ...more]);
}

let first: Ended;
beforeAll(async () => {
  await writeTinyCifar(at('data'));
  first = await train('first', '--threads', '2');
});

describe('distill trains', () => {
  it('and prints the pairing of features, one line an epoch and both accuracies', () => {
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    const share = (total: number): string => `\\d+\\.\\d\\d % \\(\\d+ of ${total}\\)`;
    const lines = [
      `run ${at('first')}: bnn-resnet20 \\([\\d,]+ parameters\\), ${tinyCifar.training} training and ${tinyCifar.validation} validation images of cifar10:${at('data')}`,
      'features level 1: teacher level1 \\(32×32×16, \\S+\\)',
      'features level 2: teacher level2 \\(16×16×32, \\S+\\)',
      'features level 3: teacher level3 \\(8×8×64, \\S+\\)',
      `\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d  epoch 1/1  loss \\d+\\.\\d{4} \\(kl \\d+\\.\\d{3}, features \\d\\.\\d{3}, crossEntropy \\d\\.\\d{3}\\)  lr [\\d.e-]+  validation top-1 ${share(tinyCifar.validation)} best  \\d+ images/s  \\d+\\.\\d s`,
      `evaluating the student on ${tinyCifar.test} test images`,
      `evaluating the teacher on ${tinyCifar.test} test images`,
      `student  test top-1 ${share(tinyCifar.test)}, of epoch 1, the best on validation \\(${share(tinyCifar.validation)}\\)`,
      `teacher  test top-1 ${share(tinyCifar.test)}`,
      'time     \\d+\\.\\d s',
      `run      ${at('first')}`,
    ];
    const printed = first.stdout.trimEnd().split('\n');
    expect(printed.length, first.stdout).toBe(lines.length);
    lines.forEach((line, n) => expect(printed[n]).toMatch(new RegExp(`^${line}$`)));
  });

  it('and leaves the files of a run, no temporary ones', () => {
    expect(readdirSync(at('first')).sort()).toEqual(
      [
        ...[
          'best.safetensors',
          'checkpoints',
          'environment.json',
          'epochs.csv',
          'last.safetensors',
          'metrics.jsonl',
        ],
        ...['recipe.yaml', 'summary.json', 'tensorboard'],
      ].sort(),
    );
    expect(readdirSync(at('first/checkpoints')).sort()).toEqual([
      '000001.json',
      '000001.safetensors',
      '000002.json',
      '000002.safetensors',
      'best-main-1.safetensors',
    ]);
  });

  it('with the recipe as it was resolved, which runs again as it is', async () => {
    expect(parse(bytesOf('first', 'recipe.yaml').toString())).toMatchObject({
      student: { name: 'bnn-resnet20' },
      data: `cifar10:${at('data')}`,
      seed: 3,
      viewSeed: 0,
      threads: 2,
      backend: 'native',
      stages: [
        {
          teacher: teacherFile,
          epochs: 1,
          batchSize,
          optimizer: { name: 'adam', lr: 2e-3, weightDecay: 0, clipLatent: false },
          schedule: { name: 'cosine', per: 'step' },
        },
      ],
    });
    const again = await distill(['--recipe', at('first/recipe.yaml'), '--out', at('from-recipe')]);
    expect(again.code, again.stderr).toBe(0);
    expect(bytesOf('from-recipe', 'last.safetensors').equals(bytesOf('first', 'last.safetensors'))).toBe(
      true,
    );
  });

  it('with a line of metrics for each step and epoch, in camelCase, with their split', () => {
    const lines = bytesOf('first', 'metrics.jsonl')
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const stepLines = lines.filter(({ event }) => event === 'step');
    expect(stepLines.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, n) => n + 1));
    expect(stepLines.every(({ split }) => split === 'train')).toBe(true);
    const epochLines = lines.filter(({ event }) => event === 'epoch');
    expect(epochLines).toHaveLength(1);
    expect(epochLines[0]).toMatchObject({ split: 'validation', epoch: 1, pictures: tinyCifar.validation });
    expect(lines).toHaveLength(steps + 1);
    for (const line of lines) {
      for (const key of keysOf(line)) expect(key).toMatch(/^[a-z][a-zA-Z0-9]*$/);
      for (const number of numbersOf(line)) expect(number).toBeTypeOf('number');
    }
    const mean = stepLines.reduce((sum, { loss }) => sum + (loss as number), 0) / steps;
    expect(epochLines[0]['trainLoss']).toBeCloseTo(mean, 10);
  });

  it('with checkpoints whose tensors are finite and named by path', async () => {
    const { tensors, metadata } = await readSafetensors(join(at('first'), 'best.safetensors'));
    expect(metadata).toMatchObject({ format: '1', architecture: 'bnn-resnet20', epoch: '1' });
    expect(JSON.parse(metadata['classes'])).toHaveLength(10);
    expect(tensors.get('blocks.3.conv.latent')!.shape).toEqual([3, 3, 16, 16]);
    expect(tensors.get('head.linear.weight')!.shape).toEqual([64, 10]);
    for (const { values } of tensors.values())
      expect(values.every((value) => Number.isFinite(value))).toBe(true);
    expect(bytesOf('first', 'best.safetensors').equals(bytesOf('first', 'last.safetensors'))).toBe(true);
  });

  it('with a summary that `distill eval` of the run confirms', async () => {
    const summary = JSON.parse(bytesOf('first', 'summary.json').toString()) as {
      directory: string;
      bestEpoch: number;
      test: Record<'student' | 'teacher', { top1: number; top5: number; total: number }>;
    };
    expect(summary).toMatchObject({ directory: at('first'), bestEpoch: 1 });
    const { student, teacher } = summary.test;
    expect(teacher.total).toBe(tinyCifar.test);
    expect(teacher.top1).toBeGreaterThan(0.8 * tinyCifar.test);
    // Without --data it is the run's own; the checkpoint alone does not know it.
    const checkpoint = join(at('first'), 'best.safetensors');
    const answers = await Promise.all([
      distill(['eval', '--model', at('first')]),
      distill(['eval', '--model', checkpoint, '--data', `cifar10:${at('data')}`]),
    ]);
    const share = (count: number): string => `${count.toFixed(2)} % (${count} of ${tinyCifar.test})`;
    const stdout = `top-1 ${share(student.top1)}\ntop-5 ${share(student.top5)}\n`;
    for (const answer of answers) expect(answer).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('to the same bits with the same seed, whatever the number of threads', async () => {
    expect((await train('again', '--threads', '1')).code).toBe(0);
    expect(bytesOf('again', 'last.safetensors').equals(bytesOf('first', 'last.safetensors'))).toBe(true);
  });

  it('without a teacher, into runs/<student>-<n> of the working directory', async () => {
    const args = ['--student', 'bnn-resnet20', '--data', `cifar10:${at('data')}`, '--epochs', '1'];
    const alone = ['--loss', 'kl=0', '--loss', 'features=0', '--batch-size', '95', '--schedule', 'constant'];
    const { code, stdout } = await distill([...args, ...alone], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toContain('student  test top-1');
    expect(stdout).not.toContain('teacher');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('run      runs/bnn-resnet20-1');
    expect(existsSync(at('runs/bnn-resnet20-1/summary.json'))).toBe(true);
  });
});

function keysOf(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

/** Whatever is neither text, truth value nor object; a number that is not finite comes back from JSON as null. */
function numbersOf(value: object): unknown[] {
  return Object.values(value).flatMap((inner: unknown) => {
    if (typeof inner === 'string' || typeof inner === 'boolean') return [];
    return inner !== null && typeof inner === 'object' ? numbersOf(inner) : [inner];
  });
}

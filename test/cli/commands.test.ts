import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { distill, mainFile, scratchFolder, start, teacherFile } from './distill.js';
import { tinyCifar, writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

beforeAll(async () => {
  await writeTinyCifar(at('data'));
  copyFileSync(teacherFile, at('copy.onnx'));
});

describe('distill --version', () => {
  const fact = (file: string, key: string): string =>
    (JSON.parse(readFileSync(join(packageRoot, file), 'utf8')) as Readonly<Record<string, string>>)[key];
  const head = `${fact('package.json', 'version')} (commit ${fact('dist/commit.json', 'commit')}, `;

  it('tells version, commit and the instruction set that runs', async () => {
    const env = { BNN_DISTILL_ISA: 'reference' };
    expect(await distill(['--version'], { env })).toEqual({
      code: 0,
      stdout: `${head}kernels: reference)\n`,
      stderr: '',
    });
  });

  it('says that the native addon is missing', async () => {
    const env = { BNN_DISTILL_ADDON: '/nonexistent' };
    expect(await distill(['--version'], { env })).toEqual({
      code: 0,
      stdout: `${head}no native addon; see distill doctor)\n`,
      stderr: '',
    });
  });
});

it('distill ends quietly when its reader stops early', async () => {
  const { ended } = start('sh', [
    '-c',
    `"$0" "$1" inspect "$2" | true`,
    process.execPath,
    mainFile,
    teacherFile,
  ]);
  expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
});

describe('distill eval', () => {
  const shares =
    /^top-1 (\d+\.\d\d) % \(([\d,]+) of ([\d,]+)\)\ntop-5 (\d+\.\d\d) % \(([\d,]+) of ([\d,]+)\)\n$/;

  it('of a teacher takes the sample of its data set, found by the sha256 of the model', async () => {
    const { code, stdout, stderr } = await distill(['eval', '--model', at('copy.onnx')]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [, percent, correct, total] = shares.exec(stdout)!;
    expect(total).toBe('1,000');
    expect(Math.abs(Number(correct) - 931)).toBeLessThanOrEqual(3);
    expect(Number(percent)).toBeCloseTo(Number(correct) / 10, 5);
  });

  it('takes the data of DISTILL_DATA, and --data before it', async () => {
    const env = { DISTILL_DATA: `cifar10:${at('data')}` };
    const [byVariable, byFlag] = await Promise.all([
      distill(['eval', '--model', 'cifar10-resnet20'], { env }),
      distill(['eval', '--model', teacherFile, '--data', `cifar10:${at('nowhere')}`], { env }),
    ]);
    expect(shares.exec(byVariable.stdout)![3]).toBe(String(tinyCifar.test));
    expect(byFlag).toMatchObject({ code: 2, stdout: '' });
    expect(byFlag.stderr).toContain(`the data folder ${at('nowhere')} does not exist`);
  });
});

it('distill inspect shows inputs, outputs, opset, parameters and taps', async () => {
  const { code, stdout, stderr } = await distill(['inspect', teacherFile]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  const values = new Map(lines.map((line) => [line.slice(0, 12).trim(), line.slice(12)]));
  expect(Object.fromEntries(values)).toMatchObject({
    input: expect.stringMatching(/^input {2}float32 \[.*, 3, 32, 32\]$/) as string,
    output: expect.stringMatching(/^logits {2}float32 \[.*, 10\]$/) as string,
    opset: expect.stringMatching(/^\d+ \(IR version \d+\)$/) as string,
    parameters: expect.stringMatching(/^2\d\d,\d{3}$/) as string,
    card: teacherFile.replace('.onnx', '.yaml'),
  });
  const taps = lines.filter((line) => line.startsWith('tap ')).map((line) => line.split(/ {2,}/).slice(1, 3));
  expect(taps).toEqual([
    ['level1', '32×32×16 (H×W×C)'],
    ['level2', '16×16×32 (H×W×C)'],
    ['level3', '8×8×64 (H×W×C)'],
  ]);
});

it('distill card init drafts a card beside the model, once', async () => {
  const card = at('copy.yaml');
  expect(await distill(['card', 'init', at('copy.onnx')])).toEqual({
    code: 0,
    stdout: `${card}\n`,
    stderr: '',
  });
  expect(readFileSync(card, 'utf8')).toMatch(/^schema: 1$/m);
  expect(await distill(['card', 'init', at('copy.onnx')])).toEqual({
    code: 2,
    stdout: '',
    stderr: `distill: the teacher card ${card} exists already\n  fix: edit it, or remove it first\n`,
  });
  // The draft stands for the model now, and says what is still to be filled in.
  const unfinished = await distill(['eval', '--model', at('copy.onnx')]);
  expect(unfinished.code).toBe(2);
  expect(unfinished.stderr).toMatch(/^distill: .*copy\.yaml:\d+:\d+: `\w+(\.\w+)?` is missing/);
  expect(existsSync(card)).toBe(true);
});

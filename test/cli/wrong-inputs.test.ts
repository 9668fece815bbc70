import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { channelMeans, tinyOnnx } from '../teacher/tiny-onnx.js';
import { distill, type Ended, type Place, scratchFolder, teacherFile } from './distill.js';
import { runInProcess } from './in-process.js';
import { writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const student = ['--student', 'bnn-resnet20'];
const data = ['--data', `cifar10:${at('data')}`];
const identity = ['--mean', '0,0,0', '--std', '1,1,1'];
/** A place where not even root may write. */
const forbidden = process.platform === 'linux' ? '/sys/bnn-distill-run' : '/System/bnn-distill-run';
const installed = (name: string): boolean =>
  existsSync(new URL(`../../node_modules/@tensorflow/${name}`, import.meta.url));
const hasTensorflow = installed('tfjs-node') || installed('tfjs-node-gpu');

beforeAll(async () => {
  await writeTinyCifar(at('data'));
  writeFileSync(at('text.onnx'), 'This is a text and no model.\n');
  writeFileSync(at('cut.onnx'), readFileSync(teacherFile).subarray(0, 500_000));
  const vector = { ...channelMeans(), inputs: [{ name: 'x', dims: ['batch', 48] }] };
  writeFileSync(at('vector.onnx'), tinyOnnx(vector));
  writeFileSync(at('three.onnx'), tinyOnnx(channelMeans(['batch', 3, 32, 32])));
  copyFileSync(teacherFile, at('model.onnx'));
  const card = readFileSync(teacherFile.replace('.onnx', '.yaml'), 'utf8').replace(
    'file: cifar10-resnet20.onnx',
    'file: model.onnx',
  );
  writeFileSync(at('swapped.yaml'), card.replace('cat, deer', 'deer, cat'));
  writeFileSync(at('unknown-key.yaml'), card.replace('  color:', '  colour:'));
  writeFileSync(at('no-model.yaml'), card.replace('file: model.onnx', 'file: gone.onnx'));
  mkdirSync(at('cut-data'));
  await writeTinyCifar(at('cut-data'));
  truncateSync(at('cut-data/data_batch_3.bin'), 5000);
  mkdirSync(at('full'));
  writeFileSync(at('full/notes.txt'), 'keep me');
});

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  /** What is printed, line by line, and nothing else. */
  readonly stderr: readonly (string | RegExp)[];
  readonly code?: number;
  /** The child process in which it runs; by default it runs in this one. */
  readonly child?: Place;
}

const train = (...args: string[]): string[] => [
  '--teacher',
  teacherFile,
  ...student,
  ...data,
  '--batch-size',
  '50',
  ...args,
];
const taught = (teacher: string, ...args: string[]): string[] => [
  '--teacher',
  at(teacher),
  ...student,
  ...data,
  ...args,
];

const cases: readonly Case[] = [
  {
    title: 'a missing teacher',
    args: taught('gone.onnx'),
    child: {},
    stderr: [`distill: the model ${at('gone.onnx')} does not exist`],
  },
  {
    title: 'a card whose model is missing',
    args: taught('no-model.yaml'),
    stderr: [
      `distill: the teacher card ${at('no-model.yaml')} is for gone.onnx, but ${at('gone.onnx')} does not exist`,
      '  fix: get the model from https://github.com/akamaster/pytorch_resnet_cifar10',
    ],
  },
  {
    title: 'a file that is no ONNX model',
    args: taught('text.onnx'),
    stderr: [/^distill: .*text\.onnx is not an ONNX model/],
  },
  {
    title: 'a truncated ONNX model',
    args: taught('cut.onnx'),
    stderr: [
      `distill: ${at('cut.onnx')} is truncated: it ends at byte 500000, inside the part that starts at byte 19`,
      '  fix: fetch or export the model again',
    ],
  },
  {
    title: 'a model whose input is not an image',
    args: taught('vector.onnx', ...identity),
    stderr: [
      `distill: the input of ${at('vector.onnx')} is not an image: "x" has shape [batch, 48], expected [batch, 3, height, width] or [batch, height, width, 3]`,
    ],
  },
  {
    title: 'a teacher without a card',
    args: taught('three.onnx'),
    stderr: [/^distill: .*three\.onnx has no teacher card/, /^ {2}fix: draft one with `distill card init /],
  },
  {
    title: 'another number of classes than the data has',
    args: taught('three.onnx', ...identity),
    stderr: [`distill: ${at('three.onnx')} gives 3 logits, but the data set names 10 classes`],
  },
  {
    title: 'other classes than those of the data',
    args: taught('swapped.yaml'),
    stderr: [
      'distill: class 3 is "deer" for the teacher and "cat" in the data set',
      /^ {2}fix: name the classes in the order of the logits/,
    ],
  },
  {
    title: 'a teacher that is far worse than its card says',
    args: train('--mean', '9,9,9'),
    stderr: [
      /^distill: the teacher's top-1 on 5 validation images is .* % \(\d of 5\), far below the 91\.73 % of its card\.$/,
      /^ {2}fix: check mean, std, color, scale and layout in .*cifar10-resnet20\.yaml/,
    ],
  },
  {
    title: 'a card with an unknown key',
    args: taught('unknown-key.yaml'),
    stderr: [
      /^distill: .*unknown-key\.yaml:9:3: unknown key "colour" in input$/,
      '  nearest: color',
      /^ {2}fix: use one of name, layout, size, color/,
    ],
  },
  {
    title: 'a truncated data file',
    args: ['--teacher', teacherFile, ...student, '--data', `cifar10:${at('cut-data')}`],
    stderr: [
      `distill: ${at('cut-data/data_batch_3.bin')} has 5,000 bytes, but a CIFAR-10 file is a whole number of records of 3,073 bytes: it is truncated or not in the binary format`,
      /^ {2}fix: download the binary version of CIFAR-10/,
    ],
  },
  {
    title: 'an unknown student',
    args: ['--teacher', teacherFile, '--student', 'bnn-resnet19', ...data],
    stderr: [
      'distill: --student must be one of bnn-resnet18, bnn-resnet20, bnn-resnet32, bnn-resnet34, bnn-resnet44, bnn-resnet50, bnn-resnet56, bnn-resnet110, bnn-vgg-small, resnet18, resnet20, resnet32, resnet34, resnet44, resnet50, resnet56, resnet110, vgg-small, got "bnn-resnet19".',
      '  nearest: bnn-resnet18, bnn-resnet110, bnn-resnet20',
    ],
  },
  {
    title: 'no epochs',
    args: train('--epochs', '0'),
    child: {},
    stderr: ['distill: --epochs must be a whole number of at least 1, got 0.'],
  },
  {
    title: 'a batch larger than the training split',
    args: train('--batch-size', '96'),
    stderr: [
      'distill: the batch size is 96, but the train split has only 95 images and incomplete batches are left out',
      '  fix: use a batch size of at most 95',
    ],
  },
  {
    title: 'an output directory that exists and is not empty',
    args: train('--out', at('full')),
    child: {},
    stderr: [
      `distill: the output directory ${at('full')} exists and is not empty.`,
      `  fix: choose another --out, or remove it: rm -r ${at('full')}`,
    ],
  },
  {
    title: 'an output directory under a file',
    args: train('--out', at('model.onnx/run')),
    stderr: [
      `distill: cannot write ${at('model.onnx/run')}: a part of this path is a file, and a directory was expected.`,
      '  fix: choose another --out',
    ],
  },
  {
    title: 'no permission to write',
    args: train('--out', forbidden),
    child: {},
    stderr: [
      `distill: cannot write ${forbidden}: permission denied.`,
      '  fix: choose another --out, or change the permissions of its directory',
    ],
  },
  {
    title: 'a native addon that was not built',
    args: train(),
    child: { env: { BNN_DISTILL_ADDON: '/nonexistent' } },
    code: 1,
    stderr: [
      'distill: the native addon was not built: /nonexistent does not exist.',
      '  fix: install a C++17 compiler and make, then run: npm run build:native (or train with --backend cpu, which is far slower)',
    ],
  },
  {
    title: 'a native addon that does not load',
    args: train(),
    child: { env: { BNN_DISTILL_ADDON: at('text.onnx') } },
    code: 1,
    stderr: [
      /^distill: the native addon .*text\.onnx cannot be loaded: /,
      /^ {2}fix: install a C\+\+17 compiler and make/,
    ],
  },
  {
    title: 'a BNN_DISTILL_ISA that is no instruction set',
    args: train(),
    child: { env: { BNN_DISTILL_ISA: 'mmx' } },
    code: 1,
    stderr: [
      /^distill: BNN_DISTILL_ISA is 'mmx', which this CPU cannot run or is unknown; it knows .*reference/,
      '  fix: unset BNN_DISTILL_ISA, or set it to one that the CPU has',
    ],
  },
  {
    title: 'a DISTILL_DATA that is wrong',
    args: ['--teacher', teacherFile, ...student],
    child: { env: { DISTILL_DATA: 'cifar11:/data' } },
    stderr: [
      'distill: unknown kind of data "cifar11"; data is one of cifar10:<folder>, cifar100:<folder>, imagefolder:<folder>, cifar10-sample',
      '  nearest: cifar10, cifar100',
      '  fix: write --data <kind>:<folder>',
    ],
  },
  {
    title: 'a run directory without a checkpoint',
    args: ['eval', '--model', at('full'), ...data],
    stderr: [/^distill: cannot read the checkpoint .*full\/best\.safetensors: ENOENT/],
  },
];

function check({ code, stdout, stderr }: Ended, expected: Case): void {
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length, stderr).toBe(expected.stderr.length);
  expected.stderr.forEach((line, n) => {
    if (typeof line === 'string') expect(lines[n]).toBe(line);
    else expect(lines[n]).toMatch(line);
  });
  expect(stdout).toBe('');
  expect(code).toBe(expected.code ?? 2);
}

describe('distill refuses in at most three lines', () => {
  it.each(cases.filter(({ child }) => child === undefined))('$title', async (wrong) => {
    check(await runInProcess(wrong.args), wrong);
  });

  it.concurrent.each(cases.filter(({ child }) => child !== undefined))('$title', async (wrong) => {
    check(await distill(wrong.args, wrong.child), wrong);
  });

  it.skipIf(hasTensorflow)('the backend tensorflow where it is not installed', async () => {
    check(await distill(train('--backend', 'tensorflow')), {
      title: '',
      args: [],
      stderr: [
        "distill: the backend 'tensorflow' needs one of the optional packages @tensorflow/tfjs-node-gpu and @tensorflow/tfjs-node, and neither can be loaded.",
        '  fix: npm install @tensorflow/tfjs-node@4.22.0 (or @tensorflow/tfjs-node-gpu@4.22.0 for CUDA)',
      ],
    });
  });
});

describe('distill --debug', () => {
  it('adds the stack and what caused the error', async () => {
    const { code, stderr } = await distill(taught('gone.onnx', '--debug'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^distill: the model .*gone\.onnx does not exist\nInputError: [^\n]*\n {4}at /);
    expect(stderr).toMatch(/\ncaused by: Error: ENOENT[^\n]*\n/);
  });
});

it('the directory that was refused is as it was', () => {
  expect(readFileSync(at('full/notes.txt'), 'utf8')).toBe('keep me');
  const sum = createHash('sha256')
    .update(readFileSync(at('model.onnx')))
    .digest('hex');
  expect(sum).toBe(createHash('sha256').update(readFileSync(teacherFile)).digest('hex'));
});

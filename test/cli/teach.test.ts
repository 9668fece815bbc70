import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { distill, scratchFolder } from './distill.js';
import { runInProcess } from './in-process.js';
import { tinyCifar, writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const data = ['--data', `cifar10:${at('data')}`];

beforeAll(async () => {
  await writeTinyCifar(at('data'));
  writeFileSync(
    at('teach.yaml'),
    `student: { name: resnet18 }
stages:
  - name: relu
    epochs: 1
    batchSize: 45
    optimizer: { name: sgd, lr: 0.05 }
    losses: { crossEntropy: { weight: 1, epsilon: 0 } }
  - { name: clamp, activation: hardClamp }
`,
  );
});

describe('distill teach', () => {
  it('trains a network through its stages and writes a teacher of each, from which a student begins', async () => {
    const run = at('run');
    const taught = ['teach', '--recipe', at('teach.yaml'), '--student', 'resnet20', ...data, '--out', run];
    const { code, stdout, stderr } = await distill([...taught, '--threads', '2']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^run .*: resnet20 \(272,474 parameters\), 95 training and 5 validation images/m);
    for (const stage of ['relu', 'clamp']) {
      expect(stdout).toContain(
        `model    ${run}/resnet20-${stage}.onnx\ncard     ${run}/resnet20-${stage}.yaml\n`,
      );
      const card = readFileSync(join(run, `resnet20-${stage}.yaml`), 'utf8');
      expect(card).toMatch(/^expectedTop1: \d+(\.\d+)?$/m);
    }
    expect(
      stdout.match(/^ONNX {5}test top-1 \d+\.\d\d % \(\d+ of 100\); the network itself /gm),
    ).toHaveLength(2);

    const student = [
      '--student',
      'bnn-resnet20',
      ...data,
      '--epochs',
      '1',
      '--batch-size',
      '45',
      '--threads',
      '2',
    ];
    const teacher = ['--teacher', join(run, 'resnet20-relu.onnx'), '--set', `stages[0].initFrom=${run}`];
    const taughtRun = await distill([...student, ...teacher, '--out', at('student')]);
    expect({ code: taughtRun.code, stderr: taughtRun.stderr }).toEqual({ code: 0, stderr: '' });
    expect(taughtRun.stdout).toContain(
      `initialised from ${run}/best.safetensors; new are blocks.*.bn.gamma, blocks.*.bn.beta, blocks.*.prelu.slope, head.bn.gamma,`,
    );
    expect(taughtRun.stdout).toMatch(/^features level 1: teacher level1 /m);
    const exportArgs = ['export', '--model', at('student'), '--out', at('binary.onnx'), ...data];
    expect(await distill(exportArgs)).toEqual({
      code: 2,
      stdout: '',
      stderr: `distill: ${at('student')}/best.safetensors holds a bnn-resnet20; only full-precision networks are exported.\n  fix: name the run or the checkpoint of a full-precision network\n`,
    });
    expect(existsSync(at('binary.onnx'))).toBe(false);
    expect(tinyCifar.test).toBe(100);
  });

  it.each<[args: string[], stderr: string]>([
    [
      ['--student', 'bnn-resnet20'],
      "distill: the network 'bnn-resnet20' is unknown; expected one of resnet18, resnet20, resnet32, resnet34, resnet44, resnet50, resnet56, resnet110, vgg-small.\n  nearest: resnet20",
    ],
    [
      ['--recipe', 'cifar10-hour'],
      "distill: distill teach trains full-precision networks, and that of cifar10-hour is 'bnn-resnet20'.\n  fix: name one with --student: resnet18,",
    ],
    [
      [],
      'distill: no data was named, and no teacher card names any.\n  fix: name it, --data cifar10:<folder>, or set DISTILL_DATA=cifar10:<folder>',
    ],
  ])('%j is refused', async (args, stderr) => {
    const ended = await runInProcess(['teach', ...args]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr.startsWith(stderr), ended.stderr).toBe(true);
  });
});

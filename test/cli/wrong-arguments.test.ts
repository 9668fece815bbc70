import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultLosses } from '../../src/losses/loss-settings.js';
import { networkNames } from '../../src/models/create-network.js';
import { allCommands, createProgram, pathOf } from '../../src/cli/program.js';
import { teacherFile } from './distill.js';
import { runInProcess } from './in-process.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const student = ['--student', 'bnn-resnet20'];
const train = (...args: string[]): string[] => ['--teacher', teacherFile, ...student, ...args];
const seeHelp = '  fix: see distill --help';

describe('distill refuses with exit code 2', () => {
  it.each<[args: string[], stderr: string[]]>([
    [
      [],
      [
        'distill: no student was named; expected one of bnn-resnet18, bnn-resnet20, bnn-resnet32, bnn-resnet34, bnn-resnet44, bnn-resnet50, bnn-resnet56, bnn-resnet110, bnn-vgg-small.',
        '  fix: name one, for instance --student bnn-resnet20',
      ],
    ],
    [train('--epochz', '3'), ["distill: unknown flag '--epochz'.", '  nearest: --epochs', seeHelp]],
    [train('--epochz=3'), ["distill: unknown flag '--epochz=3'.", '  nearest: --epochs', seeHelp]],
    [train('-x'), ["distill: unknown flag '-x'.", seeHelp]],
    [['evl'], ["distill: unexpected argument 'evl'.", '  nearest: eval', seeHelp]],
    [train('evl'), ["distill: unexpected argument 'evl'.", '  nearest: eval', seeHelp]],
    [
      ['eval', 'x.onnx', '--model', 'y.onnx'],
      ["distill: unexpected argument 'x.onnx'.", '  fix: see distill eval --help'],
    ],
    [
      ['eval'],
      ["distill: required option '--model <file|run>' not specified.", '  fix: see distill eval --help'],
    ],
    [
      ['eval', '--model', 'x', '--modle', 'y'],
      ["distill: unknown flag '--modle'.", '  nearest: --model', '  fix: see distill eval --help'],
    ],
    [
      ['inspect'],
      [
        'distill: no model, network or recipe was named.',
        '  fix: name an ONNX model, a card or a network, or a recipe with --recipe',
      ],
    ],
    [
      ['inspect', 'a', 'b'],
      ["distill: unexpected argument 'b'.", '  fix: see distill inspect --help'],
    ],
    [['card'], ['distill: distill card needs one of its commands: init.', '  fix: see distill card --help']],
    [
      ['card', 'int', 'x.onnx'],
      ["distill: unexpected argument 'int'.", '  nearest: init', '  fix: see distill card --help'],
    ],
    [['--teacher'], ["distill: option '--teacher <model>' argument missing.", seeHelp]],
    [
      train('--backend', 'nativ'),
      ['distill: --backend must be one of native, cpu, tensorflow, got "nativ".', '  nearest: native'],
    ],
    [
      train('--loss', 'feature=1'),
      [
        `distill: unknown loss "feature"; known are ${defaultLosses.map(({ name }) => name).join(', ')}`,
        '  nearest: features',
      ],
    ],
    [train('--loss', 'kl=1,t=2'), ['distill: unknown option "t" of loss kl; it has T', '  nearest: T']],
    [
      train('--loss', 'kl'),
      [
        'distill: loss "kl" is not of the form name=weight: "kl" has no name and value',
        '  fix: write it as name=weight[,option=value], for example kl=1,T=4',
      ],
    ],
    [train('--loss', 'center=1,rate=0'), ['distill: loss center expects a rate greater than 0, but got 0']],
    [
      train('--data', 'cifar:x'),
      [
        'distill: unknown kind of data "cifar"; data is one of cifar10:<folder>, cifar100:<folder>, imagefolder:<folder>, cifar10-sample',
        '  nearest: cifar10, cifar10-sample, cifar100',
        '  fix: write --data <kind>:<folder>',
      ],
    ],
    [
      train('--data', 'cifar10:'),
      [
        'distill: the data "cifar10:" names no folder; expected cifar10:<folder>',
        '  fix: write --data cifar10:<folder>',
      ],
    ],
    [
      train('--data', 'cifar10-sample:x'),
      [
        'distill: the data "cifar10-sample" takes no folder, got "cifar10-sample:x"',
        '  fix: write --data cifar10-sample',
      ],
    ],
    [
      train('--schedule', 'cosin'),
      [
        'distill: --schedule must be one of constant, step, cosine, linear, got "cosin".',
        '  nearest: cosine',
      ],
    ],
    [train('--epochs', 'ten'), ["distill: --epochs must be a number, got 'ten'."]],
    [train('--epochs', ''), ["distill: --epochs must be a number, got ''."]],
    [train('--epochs', '1.5'), ['distill: --epochs must be a whole number of at least 1, got 1.5.']],
    [train('--batch-size', '1'), ['distill: --batch-size must be a whole number of at least 2, got 1.']],
    [train('--seed', '-1'), ['distill: --seed must be a whole number of at least 0, got -1.']],
    [
      train('--view-seed', '1e300'),
      ['distill: --view-seed must be a whole number of at least 0, got 1e+300.'],
    ],
    [train('--threads', '0'), ['distill: --threads must be a whole number of at least 1, got 0.']],
    [train('--lr', '0'), ['distill: --lr must be a finite number above 0, got 0.']],
    [train('--lr', 'Infinity'), ['distill: --lr must be a finite number above 0, got Infinity.']],
    [
      train('--weight-decay', '-1e-4'),
      ['distill: --weight-decay must be a finite number of at least 0, got -0.0001.'],
    ],
    [
      train('--mean', '1,2'),
      [
        "distill: --mean must be three numbers for red, green and blue, got '1,2'.",
        '  fix: write for instance --mean 0.485,0.456,0.406',
      ],
    ],
    [
      train('--std', '0.2,x,0.2'),
      [
        "distill: --std must be three numbers for red, green and blue, got '0.2,x,0.2'.",
        '  fix: write for instance --std 0.485,0.456,0.406',
      ],
    ],
    [
      train('--recipe', 'bi-rael'),
      [
        "distill: the recipe 'bi-rael' is unknown; expected one of bi-real, cifar10-hour, cifar10-night, cifar10-ten-minutes, cifar100-two-stage, imagenet-one-stage, imagenet-two-stage, label-refinery, reactnet-two-step, real-to-binary, teach-cifar10.",
        '  nearest: bi-real',
      ],
    ],
    [
      train('--recipe', 'bi-real', '--epochs', '3'),
      [
        'distill: --epochs is of one stage, and the recipe has 2.',
        '  fix: say in which: --set stages[0].epochs=…',
      ],
    ],
    [
      train('--set', 'stages[0].epoch=3'),
      [
        'distill: --set stages[0].epoch=3: unknown key "epoch" in stages[0]',
        '  nearest: epochs',
        '  fix: use one of name, epochs, batchSize, binary, signGradient, activation, initFrom, teacher, cache, views, generations, optimizer, schedule, gradient, average, reestimateBatchNorm, losses, augmentation, mix, statistics',
      ],
    ],
    [
      train('--lr', '1e-3', '--set', 'stages[0].optimizer.lr=2e-3'),
      [
        'distill: --lr and --set stages[0].optimizer.lr=2e-3 set the same thing.',
        '  fix: leave one of them out',
      ],
    ],
    [
      [...student],
      [
        'distill: no data was named, and no teacher card names any.',
        '  fix: name it, --data cifar10:<folder>, or set DISTILL_DATA=cifar10:<folder>',
      ],
    ],
    [
      [...student, '--data', 'cifar10-sample'],
      [
        'distill: the losses kl, features need a teacher, and none was given.',
        '  fix: name one, --teacher <model.onnx|card.yaml>, or train without: --loss kl=0 --loss features=0',
      ],
    ],
    [
      ['eval', '--model', teacherFile, '--threads', '0'],
      ['distill: --threads must be a whole number of at least 1, got 0.'],
    ],
    [['eval', '--model', '/nowhere'], ['distill: the model /nowhere does not exist']],
    [
      ['inspect', 'bnn-resnet21', '--memory'],
      [
        `distill: the network 'bnn-resnet21' is unknown; expected one of ${networkNames.join(', ')}.`,
        '  nearest: bnn-resnet20, bnn-resnet110, bnn-resnet18',
      ],
    ],
    [
      ['inspect', 'bnn-resnet20', '--set', 'student.attention=see'],
      [
        "distill: --set student.attention=see: the attention 'see' is unknown; expected one of none, se, gate, cgd, cbam, bam.",
        '  nearest: se',
      ],
    ],
    [
      ['inspect', 'x.onnx', '--set', 'student.width=2'],
      [
        "distill: --set is of a network, and 'x.onnx' is not the name of one.",
        `  fix: name one of ${networkNames.join(', ')}`,
      ],
    ],
    [
      ['inspect', 'bnn-resnet20', '--recipe', 'bi-real'],
      [
        "distill: both 'bnn-resnet20' and --recipe are given; expected one of them.",
        '  fix: name an ONNX model, a card or a network, or a recipe with --recipe',
      ],
    ],
    [
      ['inspect', 'bnn-resnet20', '--memory', '--batch-size', '0'],
      ['distill: --batch-size must be a whole number of at least 1, got 0.'],
    ],
    [['inspect', '/nowhere.onnx'], ['distill: the model /nowhere.onnx does not exist']],
    [['card', 'init', '/nowhere.onnx'], ['distill: the model /nowhere.onnx does not exist']],
  ])('%j', async (args, lines) => {
    vi.stubEnv('DISTILL_DATA', undefined);
    const { code, stdout, stderr } = await runInProcess(args);
    expect(stderr.trimEnd().split('\n')).toEqual(lines);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('every command refuses', () => {
  const commands = allCommands(createProgram(new AbortController().signal)).map((command) => {
    const path = pathOf(command);
    const { registeredArguments: all } = command;
    const required = all.filter((argument) => argument.required).map((argument) => argument.name());
    const isVariadic = all.some(({ variadic }) => variadic);
    const flags = command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long!, 'x']);
    const words = [...path.split(' ').slice(1), ...flags];
    return { path, words, required, takes: all.length, isVariadic };
  });

  it.each(commands)('$path with an unknown flag', async ({ path, words, required }) => {
    expect(await runInProcess([...words, ...required, '--nonsense'])).toEqual({
      code: 2,
      stdout: '',
      stderr: `distill: unknown flag '--nonsense'.\n  fix: see ${path} --help\n`,
    });
  });

  it.each(commands.filter(({ required }) => required.length > 0))(
    '$path without its argument',
    async ({ path, words, required }) => {
      expect(await runInProcess(words)).toEqual({
        code: 2,
        stdout: '',
        stderr: `distill: missing required argument '${required[0]}'.\n  fix: see ${path} --help\n`,
      });
    },
  );

  it.each(commands.filter(({ isVariadic }) => !isVariadic))(
    '$path with an argument too many',
    async ({ path, words, takes }) => {
      const args = Array.from({ length: takes }, () => 'x');
      expect(await runInProcess([...words, ...args, 'zzzzzz'])).toEqual({
        code: 2,
        stdout: '',
        stderr: `distill: unexpected argument 'zzzzzz'.\n  fix: see ${path} --help\n`,
      });
    },
  );
});

describe('--debug', () => {
  it.each([
    [['evl', '--debug'], /unexpected argument 'evl'/],
    [['eval', '--debug', '--model', '/nowhere'], /the model \/nowhere does not exist/],
  ])('%j shows the stack', async (args, message) => {
    const { code, stderr } = await runInProcess(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\n {4}at /);
  });
});

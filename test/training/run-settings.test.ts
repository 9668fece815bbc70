import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { lossSettings } from '../../src/losses/loss-settings.js';
import { checkRunSettings, defaultRunSettings, type RunSettings } from '../../src/training/run-settings.js';

const right: RunSettings = {
  ...defaultRunSettings,
  teacher: 'teacher.onnx',
  mean: undefined,
  std: undefined,
  student: 'bnn-resnet20',
  data: 'cifar10-sample',
  out: undefined,
  losses: lossSettings([]),
};

describe('checkRunSettings', () => {
  it.each<[what: string, change: Partial<RunSettings>]>([
    ['the defaults', {}],
    ['the smallest numbers', { epochs: 1, batchSize: 2, seed: 0, viewSeed: 0, threads: 1, weightDecay: 0 }],
    ['no teacher where none is needed', { teacher: undefined, losses: lossSettings(['kl=0', 'features=0']) }],
    ['centres that weigh nothing', { losses: lossSettings(['center=0']) }],
  ])('accepts %s', (_, change) => {
    expect(() => checkRunSettings({ ...right, ...change })).not.toThrow();
  });

  it.each<[change: Partial<RunSettings>, message: string]>([
    [{ epochs: 0 }, '--epochs must be a whole number of at least 1, got 0.'],
    [{ epochs: 2.5 }, '--epochs must be a whole number of at least 1, got 2.5.'],
    [{ epochs: NaN }, '--epochs must be a whole number of at least 1, got NaN.'],
    [{ batchSize: 1 }, '--batch-size must be a whole number of at least 2, got 1.'],
    [{ seed: -1 }, '--seed must be a whole number of at least 0, got -1.'],
    [{ seed: 2 ** 53 }, '--seed must be a whole number of at least 0, got 9007199254740992.'],
    [{ viewSeed: 0.5 }, '--view-seed must be a whole number of at least 0, got 0.5.'],
    [{ threads: 0 }, '--threads must be a whole number of at least 1, got 0.'],
    [{ lr: 0 }, '--lr must be a finite number above 0, got 0.'],
    [{ lr: NaN }, '--lr must be a finite number above 0, got NaN.'],
    [{ weightDecay: -1 }, '--weight-decay must be a finite number of at least 0, got -1.'],
    [{ weightDecay: Infinity }, '--weight-decay must be a finite number of at least 0, got Infinity.'],
    [
      { schedule: 'linear' as 'cosine' },
      "the schedule 'linear' is unknown; expected one of cosine, step, constant.",
    ],
    [
      { student: 'resnet20' },
      "the student 'resnet20' is unknown; expected one of bnn-resnet18, bnn-resnet20, bnn-resnet34.",
    ],
    [
      { data: 'mnist:x' },
      'unknown kind of data "mnist"; data is one of cifar10:<folder>, cifar100:<folder>, imagefolder:<folder>, cifar10-sample',
    ],
    [{ teacher: undefined }, 'the losses kl, features need a teacher, and none was given.'],
    [
      { losses: lossSettings(['center=0.1']) },
      "the loss 'center' cannot be a term of a run, since its centres need an optimizer of their own.",
    ],
  ])('refuses %j', (change, message) => {
    let error: unknown;
    try {
      checkRunSettings({ ...right, ...change });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe(message);
  });
});

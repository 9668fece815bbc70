import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { constantSchedule } from '../../../src/optim/schedules/constant.js';
import { cosineSchedule } from '../../../src/optim/schedules/cosine.js';
import { linearSchedule } from '../../../src/optim/schedules/linear.js';
import { stepSchedule } from '../../../src/optim/schedules/step.js';
import { withWarmup } from '../../../src/optim/schedules/warmup.js';
import { expectGoldenValues, readGolden } from '../../golden.js';

interface GoldenSchedules {
  readonly step: { lr: number; milestones: number[]; gamma: number; epoch: number; value: number }[];
  readonly cosine: { lr: number; epochs: number; epoch: number; value: number }[];
}

const golden = readGolden<GoldenSchedules>('optim');

describe('stepSchedule', () => {
  it.each(golden.step)('agrees with PyTorch at epoch $epoch', ({ lr, milestones, gamma, epoch, value }) => {
    const rate = stepSchedule({ lr, milestones, gammas: milestones.map(() => gamma) })(epoch);
    // Rates are far below 1, where the golden tolerance says little: in units of the reference it says all.
    expectGoldenValues([rate / value], [1]);
  });

  it('has a gamma of its own at each milestone and acts at the start of the epoch', () => {
    const schedule = stepSchedule({ lr: 1, milestones: [2, 3], gammas: [0.5, 0.1] });
    expect([0, 1.999, 2, 2.5, 2.999, 3, 100].map(schedule)).toEqual([1, 1, 0.5, 0.5, 0.5, 0.05, 0.05]);
  });

  it('acts on the first step of its epoch whatever the number of steps', () => {
    const schedule = stepSchedule({ lr: 1, milestones: [7], gammas: [0.5] });
    for (const steps of [1, 3, 7, 351, 390, 1953]) {
      expect([schedule((7 * steps - 1) / steps), schedule((7 * steps) / steps)]).toEqual([1, 0.5]);
    }
  });

  it('without milestones is constant', () => {
    expect(stepSchedule({ lr: 0.1, milestones: [], gammas: [] })(5)).toBe(0.1);
  });
});

describe('cosineSchedule', () => {
  it.each(golden.cosine)('agrees with PyTorch at epoch $epoch', ({ lr, epochs, epoch, value }) => {
    expectGoldenValues([cosineSchedule({ lr, epochs })(epoch) / value], [1]);
  });

  it('moves at epoch starts unless asked per step', () => {
    const byEpoch = cosineSchedule({ lr: 1, epochs: 4 });
    const byStep = cosineSchedule({ lr: 1, epochs: 4, per: 'step' });
    expect(byEpoch(1.5)).toBe(byEpoch(1));
    expect(byStep(1.5)).toBeCloseTo((1 + Math.cos((Math.PI * 1.5) / 4)) / 2, 12);
    expect(byStep(1)).toBe(byEpoch(1));
  });

  it('stays at 0 after its end', () => {
    expect([4, 9].map(cosineSchedule({ lr: 1, epochs: 4 }))).toEqual([0, 0]);
  });
});

describe('linearSchedule', () => {
  it('falls evenly to 0, at epoch starts unless asked per step', () => {
    expect([0, 1, 1.5, 3, 4, 9].map(linearSchedule({ lr: 2, epochs: 4 }))).toEqual([2, 1.5, 1.5, 0.5, 0, 0]);
    expect([1.5, 3.5].map(linearSchedule({ lr: 2, epochs: 4, per: 'step' }))).toEqual([1.25, 0.25]);
  });
});

describe('constantSchedule', () => {
  it('never moves', () => {
    expect([0, 0.5, 300].map(constantSchedule({ lr: 0.01 }))).toEqual([0.01, 0.01, 0.01]);
  });
});

describe('withWarmup', () => {
  it('ramps up at every step and leaves the milestones where they are', () => {
    const schedule = withWarmup(stepSchedule({ lr: 1, milestones: [4], gammas: [0.5] }), {
      epochs: 2,
      start: 0,
    });
    expect([0, 0.5, 1, 1.5, 2, 3.9, 4].map(schedule)).toEqual([0, 0.25, 0.5, 0.75, 1, 1, 0.5]);
  });

  it('starts at a tenth unless told otherwise', () => {
    const schedule = withWarmup(constantSchedule({ lr: 1 }), { epochs: 1 });
    expect(schedule(0)).toBeCloseTo(0.1, 12);
    expect(schedule(0.5)).toBeCloseTo(0.55, 12);
  });
});

describe('schedules refuse, naming the value', () => {
  const constant = constantSchedule({ lr: 1 });
  it.each([
    [
      'stepSchedule expects one gamma for each milestone, but got 3 milestones and 2 gammas',
      () => stepSchedule({ lr: 1, milestones: [1, 2, 3], gammas: [0.1, 0.1] }),
    ],
    [
      'stepSchedule expects milestones in ascending order, but got 2 after 3',
      () => stepSchedule({ lr: 1, milestones: [3, 2], gammas: [0.1, 0.1] }),
    ],
    [
      'stepSchedule expects milestones that are whole epochs of at least 1, but got 2.5',
      () => stepSchedule({ lr: 1, milestones: [2.5], gammas: [0.1] }),
    ],
    [
      'stepSchedule expects milestones that are whole epochs of at least 1, but got 0',
      () => stepSchedule({ lr: 1, milestones: [0], gammas: [0.1] }),
    ],
    [
      'stepSchedule expects each gamma to be a number greater than 0, but got -0.1',
      () => stepSchedule({ lr: 1, milestones: [1], gammas: [-0.1] }),
    ],
    [
      'stepSchedule expects lr to be a number greater than 0, but got 0',
      () => stepSchedule({ lr: 0, milestones: [], gammas: [] }),
    ],
    [
      'cosineSchedule expects lr to be a number greater than 0, but got NaN',
      () => cosineSchedule({ lr: NaN, epochs: 1 }),
    ],
    [
      'cosineSchedule expects epochs to be a number greater than 0, but got 0',
      () => cosineSchedule({ lr: 1, epochs: 0 }),
    ],
    [
      'linearSchedule expects epochs to be a number greater than 0, but got -3',
      () => linearSchedule({ lr: 1, epochs: -3 }),
    ],
    [
      'constantSchedule expects lr to be a number greater than 0, but got Infinity',
      () => constantSchedule({ lr: Infinity }),
    ],
    [
      "withWarmup's epochs must be a finite number above 0, got 0.",
      () => withWarmup(constant, { epochs: 0 }),
    ],
    [
      "withWarmup's start must be a number in [0, 1], got 1.5.",
      () => withWarmup(constant, { epochs: 1, start: 1.5 }),
    ],
    ['a schedule expects an epoch of at least 0, but got -1', () => constant(-1)],
    [
      'a schedule expects an epoch of at least 0, but got NaN',
      () => stepSchedule({ lr: 1, milestones: [], gammas: [] })(NaN),
    ],
  ])('%s', (message, call) => {
    let thrown: unknown;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(InputError);
    expect((thrown as InputError).message).toBe(message);
  });
});

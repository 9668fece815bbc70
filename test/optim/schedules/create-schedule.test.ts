import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../../ops/operation-runs.js';
import { createSchedule, type ScheduleSettings } from '../../../src/optim/schedules/create-schedule.js';

const cosine = (share: number): number => (1 + Math.cos(Math.PI * share)) / 2;

interface Case {
  readonly settings: ScheduleSettings;
  readonly moments: readonly number[];
  readonly rates: readonly number[];
}

/** Rates of stages of 4 epochs with lr 2, in units of lr. */
const cases: readonly Case[] = [
  { settings: {}, moments: [0, 0.9, 1, 3.9], rates: [1, 1, cosine(1 / 4), cosine(3 / 4)] },
  { settings: { name: 'cosine', per: 'step' }, moments: [0, 1.5, 4], rates: [1, cosine(1.5 / 4), 0] },
  { settings: { name: 'linear' }, moments: [0, 0.99, 1, 3.99], rates: [1, 1, 3 / 4, 1 / 4] },
  { settings: { name: 'linear', per: 'step' }, moments: [0.5, 3.5], rates: [7 / 8, 1 / 8] },
  { settings: { name: 'constant', per: 'epoch' }, moments: [0, 3.9], rates: [1, 1] },
  {
    settings: { name: 'step', milestones: [1, 3], gammas: [0.5, 0.1] },
    moments: [0.9, 1, 2.9, 3],
    rates: [1, 0.5, 0.5, 0.05],
  },
  {
    settings: { name: 'constant', warmup: { epochs: 2, start: 0.5 } },
    moments: [0, 1, 1.5, 2, 3],
    rates: [0.5, 0.75, 0.875, 1, 1],
  },
  { settings: { name: 'constant', warmup: { epochs: 1 } }, moments: [0, 0.5], rates: [0.1, 0.55] },
  { settings: { name: 'constant', warmup: null }, moments: [0], rates: [1] },
];

describe('createSchedule', () => {
  it.each(cases)('$settings', ({ settings, moments, rates }) => {
    const schedule = createSchedule({ ...settings, lr: 2, epochs: 4 });
    moments.forEach((moment, i) => expect(schedule(moment) / 2, `at ${moment}`).toBeCloseTo(rates[i], 12));
  });

  it('trains the first epoch with the whole rate and the last with some', () => {
    // Moving the rate before the first epoch would start linear at lr·(1 − 1/E) and end it at 0.
    const schedule = createSchedule({ name: 'linear', lr: 1, epochs: 128 });
    expect([schedule(0), schedule(127)]).toEqual([1, 1 - 127 / 128]);
  });

  it.each<[string, object]>([
    ["the schedule 'cosin' is unknown; expected one of constant, step, cosine, linear.", { name: 'cosin' }],
    ['the epochs of a schedule must be a whole number of at least 1, got 0.', { epochs: 0 }],
    [
      "the schedule 'cosine' does not take the option 'milestones'; it takes none.",
      { milestones: [1], gammas: [1] },
    ],
    [
      "the schedule 'linear' does not take the option 'gammas'; it takes none.",
      { name: 'linear', gammas: [1] },
    ],
    [
      'stepSchedule expects one gamma for each milestone, but got 2 milestones and 1 gammas',
      { name: 'step', milestones: [1, 2], gammas: [0.1] },
    ],
    [
      'the milestone 4 is never reached in a stage of 4 epochs.',
      { name: 'step', milestones: [1, 4], gammas: [0.1, 0.1] },
    ],
    [
      "the schedule 'step' acts at epoch starts and has no per, got 'step'.",
      { name: 'step', per: 'step', milestones: [1], gammas: [0.1] },
    ],
    ['a warm-up of 4 epochs takes up the whole stage of 4 epochs.', { warmup: { epochs: 4 } }],
    ["withWarmup's epochs must be a finite number above 0, got 0.", { warmup: { epochs: 0 } }],
    ['cosineSchedule expects lr to be a number greater than 0, but got 0', { lr: 0 }],
  ])('refuses: %s', (message, settings) => {
    expectRefusal(message, () => createSchedule({ lr: 1, epochs: 4, ...settings }));
  });
});

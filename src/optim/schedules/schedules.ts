import { InputError } from '../../errors.js';

/**
 * A learning rate for a moment of training, given as the fractional epoch: steps done / steps of an epoch, from 0. (The
 * division of whole numbers is exact at epoch starts, so a schedule acts on the very first step of its epoch.)
 */
export type Schedule = (epoch: number) => number;

/** When the rate moves: once at each epoch's start, or at each step. */
export type ScheduleUnit = 'epoch' | 'step';

export interface StepScheduleOptions {
  /** The rate before the first milestone, greater than 0. */
  readonly lr: number;
  /** The epochs at whose start the rate changes: whole, at least 1, ascending. */
  readonly milestones: readonly number[];
  /** One factor, greater than 0, for each milestone. */
  readonly gammas: readonly number[];
}

export interface DecayOptions {
  /** The rate at epoch 0, greater than 0. */
  readonly lr: number;
  /** The epoch at which the rate reaches 0, greater than 0. */
  readonly epochs: number;
  /** Default `epoch`. */
  readonly per?: ScheduleUnit;
}

export interface WarmupOptions {
  /** The length of the warm-up in epochs, greater than 0; parts of an epoch are allowed. */
  readonly epochs: number;
  /** The factor at epoch 0, in [0, 1]; default 0.1. */
  readonly start?: number;
}

/**
 * lr(e) = lr
 *
 * @throws InputError when `lr` is not greater than 0.
 */
export function constantSchedule(options: { readonly lr: number }): Schedule {
  const { lr } = options;
  checkPositive('constantSchedule', 'lr', lr);
  return (epoch) => {
    checkEpoch(epoch);
    return lr;
  };
}

/**
 * lr(e) = lr · Π of the gammas whose milestone ≤ ⌊e⌋
 *
 * @throws InputError when there is not one gamma a milestone, the milestones are not whole and ascending, or `lr` or a
 * gamma is not greater than 0.
 */
export function stepSchedule({ lr, milestones, gammas }: StepScheduleOptions): Schedule {
  const name = 'stepSchedule';
  checkPositive(name, 'lr', lr);
  if (milestones.length !== gammas.length) {
    throw new InputError(
      `${name} expects one gamma for each milestone, but got ${milestones.length} milestones and ${gammas.length} gammas`,
    );
  }
  milestones.forEach((milestone, i) => {
    if (!Number.isInteger(milestone) || milestone < 1) {
      throw new InputError(
        `${name} expects milestones that are whole epochs of at least 1, but got ${milestone}`,
      );
    }
    if (i > 0 && milestone <= milestones[i - 1]) {
      throw new InputError(
        `${name} expects milestones in ascending order, but got ${milestone} after ${milestones[i - 1]}`,
      );
    }
  });
  gammas.forEach((gamma) => checkPositive(name, 'each gamma', gamma));
  const steps = milestones.map((milestone, i) => ({ milestone, gamma: gammas[i] }));
  return (epoch) => {
    const now = moment(epoch, 'epoch');
    return steps.reduce((rate, { milestone, gamma }) => (now >= milestone ? rate * gamma : rate), lr);
  };
}

/**
 * lr(e) = lr · (1 + cos(π e / epochs)) / 2, and 0 from `epochs` on; e is ⌊e⌋ unless `per` is `step`
 *
 * @throws InputError when `lr` or `epochs` is not greater than 0.
 * Source: Loshchilov and Hutter 2017, "SGDR", without restarts.
 */
export function cosineSchedule({ lr, epochs, per = 'epoch' }: DecayOptions): Schedule {
  checkPositive('cosineSchedule', 'lr', lr);
  checkPositive('cosineSchedule', 'epochs', epochs);
  return (epoch) => {
    const done = Math.min(moment(epoch, per) / epochs, 1);
    return (lr * (1 + Math.cos(Math.PI * done))) / 2;
  };
}

/**
 * lr(e) = lr · (1 − e / epochs), and 0 from `epochs` on; e is ⌊e⌋ unless `per` is `step`
 *
 * @throws InputError when `lr` or `epochs` is not greater than 0.
 */
export function linearSchedule({ lr, epochs, per = 'epoch' }: DecayOptions): Schedule {
  checkPositive('linearSchedule', 'lr', lr);
  checkPositive('linearSchedule', 'epochs', epochs);
  return (epoch) => lr * (1 - Math.min(moment(epoch, per) / epochs, 1));
}

/**
 * Ramps a schedule up at the start, at every step.
 *
 * lr(e) = schedule(e) · (start + (1 − start) · e / epochs) for e < epochs, then schedule(e)
 *
 * The schedule under it is not shifted: its milestones stay at their epochs.
 *
 * @throws InputError when `epochs` is not greater than 0 or `start` is outside [0, 1].
 * Source: Goyal et al. 2017, "Accurate, Large Minibatch SGD".
 */
export function withWarmup(schedule: Schedule, { epochs, start = 0.1 }: WarmupOptions): Schedule {
  checkPositive('withWarmup', 'epochs', epochs);
  if (!(start >= 0 && start <= 1)) {
    throw new InputError(`withWarmup expects a start from 0 to 1, but got ${start}`);
  }
  return (epoch) => {
    const rate = schedule(epoch);
    return epoch < epochs ? rate * (start + ((1 - start) * epoch) / epochs) : rate;
  };
}

function checkPositive(schedule: string, what: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new InputError(`${schedule} expects ${what} to be a number greater than 0, but got ${value}`);
  }
}

function checkEpoch(epoch: number): void {
  if (!(epoch >= 0 && Number.isFinite(epoch))) {
    throw new InputError(`a schedule expects an epoch of at least 0, but got ${epoch}`);
  }
}

function moment(epoch: number, per: ScheduleUnit): number {
  checkEpoch(epoch);
  return per === 'epoch' ? Math.floor(epoch) : epoch;
}

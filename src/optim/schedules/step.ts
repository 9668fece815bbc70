import { InputError } from '../../errors.js';
import { listOf, numberIn, wholeNumber } from '../../files/setting-types.js';
import { defineSchedule, type Schedule } from '../schedule.js';
import { checkPositive, momentOf } from './schedule-arguments.js';

export interface StepScheduleOptions {
  /** The rate before the first milestone, greater than 0. */
  readonly lr: number;
  /** The epochs at whose start the rate changes: whole, at least 1, ascending. */
  readonly milestones: readonly number[];
  /** One factor, greater than 0, for each milestone. */
  readonly gammas: readonly number[];
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
    const now = momentOf(epoch, 'epoch');
    return steps.reduce((rate, { milestone, gamma }) => (now >= milestone ? rate * gamma : rate), lr);
  };
}

/** The recipe's `step`. */
export const step = defineSchedule({
  name: 'step',
  description: 'Multiplied by a factor at the start of some epochs',
  options: {
    milestones: listOf(wholeNumber(1, 'an epoch'))
      .default([])
      .describe('The epochs of the stage, counted from 0, at whose start the rate changes; ascending'),
    gammas: listOf(numberIn({ above: 0 }))
      .default([])
      .describe('The factors, one for each milestone'),
  },
  create({ milestones = [], gammas = [] }, { lr, epochs }) {
    const late = milestones.find((milestone) => milestone >= epochs);
    if (late !== undefined) {
      throw new InputError(`the milestone ${late} is never reached in a stage of ${epochs} epochs.`, {
        fix: 'move or leave out the milestone with its gamma, or train for more epochs',
      });
    }
    return stepSchedule({ lr, milestones, gammas });
  },
});

import { InputError } from '../../errors.js';
import { unknownName } from '../../unknown-name.js';
import { checkWhole } from '../../check-whole.js';
import {
  constantSchedule,
  cosineSchedule,
  linearSchedule,
  type Schedule,
  type ScheduleUnit,
  stepSchedule,
  type WarmupOptions,
  withWarmup,
} from './schedules.js';

/** Every course that the learning rate can take. */
export const courseNames = ['constant', 'step', 'cosine', 'linear'] as const;

/** `constant`, `step`, `cosine` (to 0) or `linear` (to 0). */
export type CourseName = (typeof courseNames)[number];

/** How the learning rate moves over a stage. */
export interface ScheduleSettings {
  /** Default `cosine`. */
  readonly name?: CourseName | undefined;
  /** Of `cosine` and `linear`: move at each epoch's start, or at each step; default `epoch`. */
  readonly per?: ScheduleUnit | undefined;
  /** Of `step`: the epochs of the stage at whose start the rate changes; see {@link stepSchedule}. */
  readonly milestones?: readonly number[] | undefined;
  /** Of `step`: one factor for each milestone. */
  readonly gammas?: readonly number[] | undefined;
  /** A ramp at the start, at every step; null or absent for none. See {@link withWarmup}. */
  readonly warmup?: WarmupOptions | null | undefined;
}

/** The stage that a schedule is for. */
export interface ScheduleStage {
  /** The rate that the schedule starts from (after the warm-up), greater than 0. */
  readonly lr: number;
  /** The stage's length in epochs, a whole number of at least 1. */
  readonly epochs: number;
}

/**
 * The learning rate of a stage by its own fractional epoch, which is 0 where the stage starts.
 *
 * @throws InputError for an unknown name, a value out of its range, milestones and gammas that do not pair up, and whatever
 *   would have no effect: milestones or gammas of another schedule than `step`, a milestone or a warm-up that does not end
 *   before the stage does, `per: step` of a schedule that acts at epoch starts
 */
export function createSchedule(settings: ScheduleSettings & ScheduleStage): Schedule {
  const { name = 'cosine', warmup, epochs } = settings;
  if (!courseNames.includes(name)) throw unknownName('schedule', name, courseNames);
  checkWhole('the epochs of a schedule', epochs, 1);
  checkEffects(name, settings);
  const course = courseOf(name, settings);
  return warmup ? withWarmup(course, warmup) : course;
}

function courseOf(
  name: CourseName,
  { per = 'epoch', milestones = [], gammas = [], lr, epochs }: ScheduleSettings & ScheduleStage,
): Schedule {
  switch (name) {
    case 'constant':
      return constantSchedule({ lr });
    case 'step':
      return stepSchedule({ lr, milestones, gammas });
    case 'cosine':
      return cosineSchedule({ lr, epochs, per });
    case 'linear':
      return linearSchedule({ lr, epochs, per });
  }
}

/** Refuses settings that the schedule would not use. */
function checkEffects(
  name: CourseName,
  { per, milestones = [], gammas = [], warmup, epochs }: ScheduleSettings & ScheduleStage,
): void {
  if (name !== 'step' && milestones.length + gammas.length > 0) {
    throw new InputError(`milestones and gammas belong to the schedule 'step', got '${name}'.`, {
      fix: "choose the schedule 'step', or leave them out",
    });
  }
  if (per === 'step' && (name === 'constant' || name === 'step')) {
    throw new InputError(`the schedule '${name}' acts at epoch starts and has no per, got '${per}'.`, {
      fix: 'leave per out, or choose cosine or linear',
    });
  }
  const late = milestones.find((milestone) => milestone >= epochs);
  if (late !== undefined) {
    throw new InputError(`the milestone ${late} is never reached in a stage of ${epochs} epochs.`, {
      fix: 'move or leave out the milestone with its gamma, or train for more epochs',
    });
  }
  if (warmup && warmup.epochs >= epochs) {
    throw new InputError(
      `a warm-up of ${warmup.epochs} epochs takes up the whole stage of ${epochs} epochs.`,
      { fix: 'shorten the warm-up, or train for more epochs' },
    );
  }
}

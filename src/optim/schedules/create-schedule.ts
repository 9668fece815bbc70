import { InputError } from '../../errors.js';
import { unknownName } from '../../unknown-name.js';
import { checkWhole } from '../../check-whole.js';
import { checkTaken, type OptionsOfAny } from '../options.js';
import type { Schedule, ScheduleDefinition, ScheduleStage, ScheduleUnit } from '../schedule.js';
import { constant } from './constant.js';
import { cosine } from './cosine.js';
import { linear } from './linear.js';
import { step } from './step.js';
import { type WarmupOptions, withWarmup } from './warmup.js';

/** Every schedule that recipes can name. */
export const schedules = [constant, step, cosine, linear] as const;

const definitions: readonly ScheduleDefinition[] = schedules;

/** The schedules that have `per`. */
export const namesOfEveryStep = definitions.filter(({ everyStep }) => everyStep).map(({ name }) => name);

/** `constant`, `step`, `cosine` (to 0) or `linear` (to 0). */
export type ScheduleName = (typeof schedules)[number]['name'];

/** Every {@link ScheduleName}. */
export const scheduleNames: readonly ScheduleName[] = schedules.map(({ name }) => name);

/** @deprecated until 0.3: {@link ScheduleName}. */
export type CourseName = ScheduleName;

/** @deprecated until 0.3: {@link scheduleNames}. */
export const courseNames = scheduleNames;

/** How the learning rate moves over a stage: a schedule by name, and options of it. */
export type ScheduleSettings = {
  /** Default `cosine`. */
  readonly name?: ScheduleName | undefined;
  /** Of `cosine` and `linear`: move at each epoch's start, or at each step; default `epoch`. */
  readonly per?: ScheduleUnit | undefined;
  /** A ramp at the start, at every step; null or absent for none. See {@link withWarmup}. */
  readonly warmup?: WarmupOptions | null | undefined;
} & OptionsOfAny<typeof schedules>;

/**
 * The learning rate of a stage by its own fractional epoch, which is 0 where the stage starts.
 *
 * @throws InputError for an unknown name, a value out of its range, milestones and gammas that do not pair up, and whatever
 *   would have no effect: an option of another schedule, a milestone or a warm-up that does not end before the stage does,
 *   `per: step` of a schedule that acts at epoch starts
 */
export function createSchedule(settings: ScheduleSettings & ScheduleStage): Schedule {
  const { name = 'cosine', per = 'epoch', warmup, lr, epochs, ...options } = settings;
  const definition = scheduleOf(name);
  checkWhole('the epochs of a schedule', epochs, 1);
  checkTaken('schedule', definition, schedules, options);
  if (per === 'step' && definition.everyStep !== true) {
    throw new InputError(`the schedule '${name}' acts at epoch starts and has no per, got '${per}'.`, {
      fix: `leave per out, or choose ${namesOfEveryStep.join(' or ')}`,
    });
  }
  if (warmup && warmup.epochs >= epochs) {
    throw new InputError(
      `a warm-up of ${warmup.epochs} epochs takes up the whole stage of ${epochs} epochs.`,
      { fix: 'shorten the warm-up, or train for more epochs' },
    );
  }
  const schedule = definition.create(options, { lr, epochs, per });
  return warmup ? withWarmup(schedule, warmup) : schedule;
}

function scheduleOf(name: string): ScheduleDefinition {
  const found = definitions.find((one) => one.name === name);
  if (found) return found;
  throw unknownName('schedule', name, scheduleNames);
}

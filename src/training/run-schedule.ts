import { InputError } from '../errors.js';
import { unknownName } from '../unknown-name.js';
import { type RunSettings, scheduleNames } from './run-settings.js';
import { constantSchedule, cosineSchedule, type Schedule, stepSchedule } from './schedules/schedules.js';

/**
 * The learning rate of a run by the fractional epoch.
 *
 * @throws InputError for an unknown schedule, for milestones and gammas that do not pair up, or for milestones that the
 *   schedule does not use
 */
export function runSchedule({ schedule, lr, epochs, milestones, gammas }: RunSettings): Schedule {
  if (schedule !== 'step' && milestones.length + gammas.length > 0) {
    throw new InputError(`--milestones and --gammas belong to the schedule 'step', got '${schedule}'.`, {
      fix: 'add --schedule step, or leave them out',
    });
  }
  switch (schedule) {
    case 'cosine':
      return cosineSchedule({ lr, epochs, per: 'step' });
    case 'step':
      return stepSchedule({ lr, milestones, gammas });
    case 'constant':
      return constantSchedule({ lr });
    default:
      throw unknownName('schedule', schedule, scheduleNames);
  }
}

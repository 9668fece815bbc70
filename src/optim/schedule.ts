import type { GivenOptions, OptionTypes } from './options.js';

/**
 * The learning rate at a moment of training, which is given as the fractional epoch: steps done / steps of an epoch, from
 * 0. (The division of whole numbers is exact where an epoch starts, so a schedule acts on the very first step of its epoch.)
 */
export type Schedule = (epoch: number) => number;

/** When the rate changes: at the start of each epoch, or at each step. */
export type ScheduleUnit = 'epoch' | 'step';

/** The stage that a schedule is for. */
export interface ScheduleStage {
  /** The rate that the schedule starts from (after the warm-up), greater than 0. */
  readonly lr: number;
  /** The stage's length in epochs, a whole number of at least 1. */
  readonly epochs: number;
}

/** A schedule that recipes can name. All that recipes, checks and the documentation know of it stands here. */
export interface ScheduleDefinition<Name extends string = string, Types extends OptionTypes = OptionTypes> {
  /** In recipes: `schedule: { name: … }`. */
  readonly name: Name;
  /** One sentence. */
  readonly description: string;
  /** The options of its own. */
  readonly options: Types;
  /** Whether the rate can change at each step (`per: step`), not at the start of an epoch only; default false. */
  readonly everyStep?: boolean;
  /** @throws InputError for values out of their range, or that cannot be together */
  create(options: GivenOptions<Types>, stage: ScheduleStage & { readonly per: ScheduleUnit }): Schedule;
}

/** The definition as it is, with the types of its name and its options. */
export function defineSchedule<const Name extends string, Types extends OptionTypes>(
  definition: ScheduleDefinition<Name, Types>,
): ScheduleDefinition<Name, Types> {
  return definition;
}

import type { LossNeed } from './loss.js';
import type { LossSetting } from './loss-settings.js';
import { isWeighed } from './loss-weight.js';
import { lossOf } from './registry.js';

/**
 * Whether a term needs one of these.
 *
 * @throws InputError for the name of no loss
 */
export function needsOneOf({ name }: Pick<LossSetting, 'name'>, ...wanted: readonly LossNeed[]): boolean {
  return [lossOf(name).needs].flat().some((need) => wanted.includes(need));
}

/** Whether a term needs the teacher's logits or feature maps. */
export function needsTeacher(setting: Pick<LossSetting, 'name'>): boolean {
  return needsOneOf(setting, 'teacher', 'maps', 'connectedMaps');
}

/** Whether a term compares feature maps. */
export function comparesMaps(setting: Pick<LossSetting, 'name'>): boolean {
  return needsOneOf(setting, 'maps', 'connectedMaps');
}

/** The terms with a weight that need the teacher's logits or feature maps. */
export function taughtLosses(settings: readonly LossSetting[]): LossSetting[] {
  return settings.filter((setting) => isWeighed(setting.weight) && needsTeacher(setting));
}

/** The terms with a weight that compare feature maps. */
export function comparingLosses(settings: readonly LossSetting[]): LossSetting[] {
  return settings.filter((setting) => isWeighed(setting.weight) && comparesMaps(setting));
}

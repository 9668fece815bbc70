import type { Loss } from './loss.js';
import { namedOptions, rangeText } from './loss-options.js';
import { needsTeacher } from './loss-needs.js';
import { builtInLosses } from './registry.js';

/** What the documentation says of a loss. */
export interface LossRow {
  /** In recipes, flags and metrics. */
  readonly name: string;
  readonly description: string;
  readonly formula: string;
  /** The function of the library, as it is called. */
  readonly library: string;
  readonly source: string;
  /** What it is computed from beside the student's logits. */
  readonly needs: readonly string[];
  /** The weight in a run that names no losses. */
  readonly weight: number;
  readonly options: readonly LossOptionRow[];
}

/** What the documentation says of an option of a loss. */
export interface LossOptionRow {
  /** In recipes and flags. */
  readonly key: string;
  readonly default: number;
  /** In words, such as `greater than 0`. */
  readonly range: string;
  readonly description: string;
}

/** The losses of this package, from their own objects, for tables of the documentation. */
export function lossTable(losses: readonly Loss[] = builtInLosses): LossRow[] {
  return losses.map((loss) => ({
    name: loss.name,
    description: loss.description ?? '',
    formula: loss.formula ?? '',
    library: loss.library ?? '',
    source: loss.source ?? '',
    needs: [loss.needs].flat(),
    weight: loss.defaultWeight ?? 0,
    options: namedOptions(loss.options).map(({ key, default: usual, range, description = '' }) => ({
      key,
      default: usual,
      range: rangeText(range),
      description,
    })),
  }));
}

/** The terms of a run that names none, as flags write them. */
export function defaultTerms(): string {
  return lossTable()
    .filter(({ weight }) => weight > 0)
    .map(({ name, weight, options }) =>
      [`${name}=${weight}`, ...options.map(({ key, default: usual }) => `${key}=${usual}`)].join(),
    )
    .join(' ');
}

/** The losses that need no teacher, by their names. */
export function lossesWithoutTeacher(): string[] {
  return builtInLosses.filter((loss) => !needsTeacher(loss)).map(({ name }) => name);
}

import { InputError } from '../errors.js';
import type { CardInput } from './card.js';
import { cardPathBeside } from './find-teacher.js';
import type { Normalisation } from './image-input.js';

/**
 * The normalisation of a teacher's images: that of its card, with mean and std of `override` if given.
 * Without a card `override` must have both, for RGB images in [0, 1].
 *
 * @throws InputError without a card and an override, or for an override that is not three numbers (std above
 *   0)
 */
export function teacherNormalisation(
  modelPath: string,
  card: CardInput | undefined,
  override: { readonly mean?: readonly number[]; readonly std?: readonly number[] },
): Normalisation {
  const mean = override.mean === undefined ? card?.mean : triple('mean', override.mean, -Infinity);
  const std = override.std === undefined ? card?.std : triple('std', override.std, 0);
  if (mean === undefined || std === undefined)
    throw new InputError(
      `${modelPath} has no teacher card: there is no ${cardPathBeside(modelPath)}, and no card of the package has its sha256`,
      {
        fix: `draft one with \`distill card init ${modelPath}\`, or give \`mean\` and \`std\` of its training data`,
      },
    );
  return { color: card?.color ?? 'rgb', scale: card?.scale ?? '1/255', mean, std };
}

function triple(what: string, values: readonly number[], above: number): [number, number, number] {
  if (values.length !== 3 || !values.every((value) => Number.isFinite(value) && value > above))
    throw new InputError(
      `${what} is ${values.join(',')}, expected three numbers${above === 0 ? ' above 0' : ''}, one for each channel`,
    );
  return [values[0], values[1], values[2]];
}

import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { attention } from './attention-matching.js';
import { center } from './center-loss.js';
import { distribution } from './distribution-loss.js';
import { features } from './feature-matching.js';
import { kl } from './kl-divergence.js';
import { refinery } from './label-refinery.js';
import { crossEntropy } from './label-smoothed-cross-entropy.js';
import type { Loss, LossNeed, LossOptionSpecs } from './loss.js';
import { checkInRange, namedOptions } from './loss-options.js';

/** The losses of this package, in the order in which they are summed and reported. */
const ofPackage = [kl, features, attention, refinery, distribution, crossEntropy, center] as const;

const registered = new Map<string, Loss>();

/** The names of the losses of this package in recipes, flags and metrics. */
export type LossName = (typeof ofPackage)[number]['name'];

/** The losses of this package. */
export const builtInLosses: readonly Loss[] = ofPackage;

/** Every loss that a run can have as a term: those of this package, then those that were registered. */
export function allLosses(): Loss[] {
  return [...builtInLosses, ...registered.values()];
}

/**
 * The loss of a name.
 *
 * @throws InputError for a name that no loss has
 */
export function lossOf(name: string): Loss {
  const found = builtInLosses.find((loss) => loss.name === name) ?? registered.get(name);
  if (found) return found;
  const names = allLosses().map((loss) => loss.name);
  throw new InputError(`unknown loss "${name}"; known are ${names.join(', ')}`, {
    nearest: nearestNames(name, names),
  });
}

/**
 * Makes a loss known to recipes and flags under its name. One of the same name that was registered before is replaced.
 *
 * @throws InputError for a name that is not letters and digits, or of a loss of this package; for an unknown need; for an
 *   option that is named `weight`, comes twice or has a default out of its range
 */
export function registerLoss(loss: Loss): void {
  const { name } = loss;
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name)) {
    throw new InputError(
      `the name of a loss must be letters and digits, beginning with a letter, got '${name}'.`,
    );
  }
  if (builtInLosses.some((known) => known.name === name))
    throw new InputError(`the loss '${name}' is one of this package.`, { fix: 'choose another name' });
  checkNeeds(name, [loss.needs].flat());
  checkOptions(name, loss.options);
  registered.set(name, loss);
}

/** Every need, each once: a key that is missing or too many does not compile. */
const needNames = Object.keys({
  labels: true,
  teacher: true,
  maps: true,
  connectedMaps: true,
  pooled: true,
} satisfies Record<LossNeed, true>);

function checkNeeds(name: string, needs: readonly string[]): void {
  const unknown = needs.find((need) => !needNames.includes(need));
  if (unknown === undefined) return;
  throw new InputError(
    `the loss '${name}' needs '${unknown}'; expected ${needNames.slice(0, -1).join(', ')} or ${needNames.at(-1)}.`,
    { nearest: nearestNames(unknown, needNames) },
  );
}

function checkOptions(name: string, specs: LossOptionSpecs | undefined): void {
  const options = namedOptions(specs);
  const keys = options.map(({ key }) => key);
  if (keys.includes('weight'))
    throw new InputError(`the loss '${name}' has an option 'weight', which every term has.`);
  const twice = keys.find((key, i) => keys.indexOf(key) < i);
  if (twice !== undefined) throw new InputError(`the loss '${name}' has two options '${twice}'.`);
  for (const option of options)
    checkInRange(`loss ${name}`, `default of ${option.name}`, option.default, option.range);
}

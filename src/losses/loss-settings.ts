import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import type { Loss, LossOptionSpecs } from './loss.js';
import { checkInRange, type NamedOption, namedOptions, type OptionValues } from './loss-options.js';
import { isWeighed, type LossWeight } from './loss-weight.js';
import { allLosses, builtInLosses, lossOf } from './registry.js';

export type { LossName } from './registry.js';

/**
 * The numbers that shape a term beside its weight, by what recipes and flags call them: of `kl` the
 * temperature is `T`.
 */
export type LossOptions = Readonly<Record<string, number>>;

/** One term of a run's loss. */
export interface LossSetting {
  /** A {@link LossName}, or the name of a loss that was registered. */
  readonly name: string;
  /** Multiplies the batch mean of the term; at least 0, and 0 leaves the term out. */
  readonly weight: LossWeight;
  /** Every option that the term has, defaults filled in. */
  readonly options: LossOptions;
}

/** A term as it is by default. */
export type DefaultLossSetting = LossSetting & { readonly weight: number };

/** The terms of a run that names none, in the order in which they are reported. */
export const defaultLosses: readonly DefaultLossSetting[] = builtInLosses.map(defaultSetting);

/**
 * Every loss that a run can have as a term, with its defaults: those of this package, and those that were
 * registered.
 */
export function knownLosses(): DefaultLossSetting[] {
  return allLosses().map(defaultSetting);
}

function defaultSetting({ name, defaultWeight = 0, options }: Loss): DefaultLossSetting {
  const defaults = namedOptions(options).map((option) => [option.key, option.default] as const);
  return { name, weight: defaultWeight, options: Object.fromEntries(defaults) };
}

/** The options of a term by name, as its loss gets them; those that it leaves out have their defaults. */
export function optionValues({
  name,
  options,
}: Pick<LossSetting, 'name' | 'options'>): OptionValues<LossOptionSpecs> {
  const specs = namedOptions(lossOf(name).options);
  return Object.fromEntries(specs.map((spec) => [spec.name, options[spec.key] ?? spec.default]));
}

/**
 * The temperature at which a term takes the teacher's probabilities: its option `temperature` or `T`, else 1.
 */
export function temperatureOf(setting: LossSetting): number {
  const { temperature, T } = optionValues(setting) as { readonly temperature?: number; readonly T?: number };
  return temperature ?? T ?? 1;
}

const FORM = 'write it as name=weight[,option=value], for example kl=1,T=4';

/**
 * Reads one term as flags write it: `name=weight[,option=value]`, for example `kl=1,T=4`. The weight is at
 * least 0; options that are left out have their defaults.
 *
 * @throws InputError for another form, an unknown name or option, an option given twice or a value out of
 *   range.
 */
export function parseLossFlag(text: string): LossSetting {
  const [head, ...rest] = text.split(',');
  const [name, weightText] = pair(text, head);
  const loss = lossOf(name);
  const weight = number(text, weightText);
  if (weight < 0) throw new InputError(`the weight of loss ${name} must be at least 0, but is ${weight}`);

  const given: Record<string, number> = {};
  for (const part of rest) {
    const [option, valueText] = pair(text, part);
    if (Object.hasOwn(given, option)) throw new InputError(`loss "${text}" gives the option ${option} twice`);
    given[option] = number(text, valueText);
    checkOption(name, option, given[option]);
  }
  return { name, weight, options: { ...defaultSetting(loss).options, ...given } };
}

/**
 * The terms of a run: the defaults, with the terms in `flags` (as {@link parseLossFlag} reads them) in their
 * place.
 *
 * @throws InputError for a flag that does not parse, a loss given twice, or a combination that
 * {@link checkLossSettings} refuses.
 */
export function lossSettings(flags: readonly string[] = []): LossSetting[] {
  const given = new Map<string, { text: string; setting: LossSetting }>();
  for (const text of flags) {
    const setting = parseLossFlag(text);
    const earlier = given.get(setting.name);
    if (earlier !== undefined) {
      throw new InputError(`loss ${setting.name} is given twice: "${earlier.text}" and "${text}"`);
    }
    given.set(setting.name, { text, setting });
  }
  const settings = knownLosses().map((setting) => given.get(setting.name)?.setting ?? setting);
  checkLossSettings(settings);
  return settings;
}

/** @throws InputError for an option that the loss does not have, or a value out of its range */
export function checkOption(name: string, option: string, value: number): void {
  const { name: called, range } = optionOf(lossOf(name), option);
  checkInRange(`loss ${name}`, called, value, range);
}

/** @throws InputError for options of a term that cannot be together */
export function checkOptions(setting: Pick<LossSetting, 'name' | 'options'>): void {
  lossOf(setting.name).check?.(optionValues(setting));
}

/**
 * Refuses terms that train nothing or count the same thing twice: no weight above 0, or two whose gradients
 * are one formula on one teacher, as those of `refinery`, `distribution` and `kl` at T = 1 are.
 *
 * @throws InputError
 */
export function checkLossSettings(settings: readonly LossSetting[]): void {
  const active = settings.filter(({ weight }) => isWeighed(weight));
  if (active.length === 0) {
    throw new InputError('no loss has a weight greater than 0, so there is nothing to train on', {
      fix: 'give one loss a weight, for example `losses.kl.weight: 1`',
    });
  }
  const gradients = active.map(gradientOf);
  const at = gradients.findIndex((gradient, i) => gradients.indexOf(gradient) < i);
  if (at < 0) return;
  const [first, second] = [active[gradients.indexOf(gradients[at])], active[at]];
  const options = Object.keys(first.options);
  throw new InputError(`${titleOf(first)} and ${titleOf(second)} are the same loss and would count twice`, {
    fix: `set one of the two weights to 0${options.length > 0 ? `, or give ${first.name} another ${options.join(' or ')}` : ''}`,
  });
}

/** The name of the loss whose gradient a term has. */
function gradientOf(setting: LossSetting): string {
  return lossOf(setting.name).sameGradientAs?.(optionValues(setting)) ?? setting.name;
}

/** A term with its options, such as `kl at T=1`. */
function titleOf({ name, options }: LossSetting): string {
  const given = Object.entries(options).map(([option, value]) => `${option}=${value}`);
  return given.length > 0 ? `${name} at ${given.join(', ')}` : name;
}

/** @throws InputError for an option that the loss does not have */
function optionOf({ name, options }: Loss, key: string): NamedOption {
  const specs = namedOptions(options);
  const found = specs.find((spec) => spec.key === key);
  if (found) return found;
  const keys = specs.map((spec) => spec.key);
  const has = keys.length === 0 ? 'it has none' : `it has ${keys.join(', ')}`;
  throw new InputError(`unknown option "${key}" of loss ${name}; ${has}`, {
    nearest: nearestNames(key, keys),
  });
}

function pair(text: string, part: string): [name: string, value: string] {
  const pieces = part.split('=').map((piece) => piece.trim());
  if (pieces.length !== 2 || pieces.includes('')) {
    throw new InputError(`loss "${text}" is not of the form name=weight: "${part}" has no name and value`, {
      fix: FORM,
    });
  }
  return [pieces[0], pieces[1]];
}

function number(text: string, value: string): number {
  const parsed = Number(value);
  if (!Number.isFinite(parsed)) {
    throw new InputError(`loss "${text}" expects a finite number, but got "${value}"`, { fix: FORM });
  }
  return parsed;
}

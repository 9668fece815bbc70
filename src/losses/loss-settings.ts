import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { type builtInNames, customLosses } from './custom-loss.js';
import { checkEpsilon, checkTemperature } from './argument-checks.js';
import { isWeighed, type LossWeight } from './loss-weight.js';

/** The names of the losses of this package in recipes, flags and metrics. */
export type LossName = (typeof builtInNames)[number];

/** The numbers that shape a term beside its weight: those of the losses of this package, or of one that was registered. */
export interface LossOptions {
  readonly [option: string]: number | undefined;
  /** The temperature of `kl`, greater than 0. */
  readonly T?: number;
  /** The learning rate of the centres of `center`, above 0. */
  readonly rate?: number;
  /** The label smoothing of `crossEntropy`, in [0, 1). */
  readonly epsilon?: number;
}

/** One term of a run's loss. */
export interface LossSetting {
  /** A {@link LossName}, or the name of a loss that was registered. */
  readonly name: string;
  /** Multiplies the batch mean of the term; at least 0, and 0 leaves the term out. */
  readonly weight: LossWeight;
  /** Every option that the term has, defaults filled in. */
  readonly options: LossOptions;
}

/** The terms of a run that names none, in the order in which they are reported. */
export const defaultLosses: readonly (LossSetting & { readonly weight: number })[] = [
  { name: 'kl', weight: 1, options: { T: 4 } },
  { name: 'features', weight: 1, options: {} },
  { name: 'attention', weight: 0, options: {} },
  { name: 'refinery', weight: 0, options: {} },
  { name: 'distribution', weight: 0, options: {} },
  { name: 'crossEntropy', weight: 1, options: { epsilon: 0.1 } },
  { name: 'center', weight: 0, options: { rate: 0.5 } },
];

/** Every loss that a run can have as a term, with its defaults: those of this package, and those that were registered. */
export function knownLosses(): readonly (LossSetting & { readonly weight: number })[] {
  return [
    ...defaultLosses,
    ...customLosses().map(({ name, options = {} }) => ({ name, weight: 0, options })),
  ];
}

function checkRate(where: string, value: number): void {
  if (!(value > 0)) throw new InputError(`${where} expects a rate of its centres above 0, but got ${value}`);
}

const FORM = 'write it as name=weight[,option=value], for example kl=1,T=4';

const optionChecks: Readonly<Record<string, ((where: string, value: number) => void) | undefined>> = {
  T: checkTemperature,
  epsilon: checkEpsilon,
  rate: checkRate,
};

/**
 * Reads one term as flags write it: `name=weight[,option=value]`, for example `kl=1,T=4`.
 *
 * Names: `kl` (option `T`, default 4), `features`, `attention`, `refinery`, `crossEntropy` (option `epsilon`, default
 * 0.1), `center` (option `rate`, default 0.5). The weight is at least 0.
 *
 * @throws InputError for another form, an unknown name or option, an option given twice or a value out of range.
 */
export function parseLossFlag(text: string): LossSetting {
  const [head, ...rest] = text.split(',');
  const [name, weightText] = pair(text, head);
  const losses = knownLosses();
  const known = losses.find((setting) => setting.name === name);
  if (known === undefined) {
    const names = losses.map((setting) => setting.name);
    throw new InputError(`unknown loss "${name}"; known are ${names.join(', ')}`, {
      nearest: nearestNames(name, names),
    });
  }
  const weight = number(text, weightText);
  if (weight < 0) throw new InputError(`the weight of loss ${name} must be at least 0, but is ${weight}`);

  const given: Record<string, number> = {};
  for (const part of rest) {
    const [option, valueText] = pair(text, part);
    if (!isOptionOf(known, option)) throw unknownOption(known, option);
    if (option in given) throw new InputError(`loss "${text}" gives the option ${option} twice`);
    given[option] = number(text, valueText);
    checkOption(name, option, given[option]);
  }
  return { name: known.name, weight, options: { ...known.options, ...given } };
}

/**
 * The terms of a run: the defaults, with the terms in `flags` (as {@link parseLossFlag} reads them) in their place.
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

/**
 * Refuses terms that train nothing or count the same thing twice: no weight above 0, or two of `refinery`, `distribution`
 * and `kl` at T = 1, whose gradients are one formula on one teacher.
 *
 * @throws InputError
 */
export function checkLossSettings(settings: readonly LossSetting[]): void {
  const active = settings.filter(({ weight }) => isWeighed(weight));
  if (active.length === 0) {
    throw new InputError('no loss has a weight greater than 0, so there is nothing to train on', {
      fix: 'give one loss a weight, for example --loss kl=1',
    });
  }
  const twins = active.filter(
    ({ name, options }) => sameAsRefinery.has(name) || (name === 'kl' && options.T === 1),
  );
  if (twins.length > 1) {
    const [first, second] = twins.map(({ name }) => (name === 'kl' ? 'kl at T=1' : name));
    throw new InputError(`${first} and ${second} are the same loss and would count twice`, {
      fix: `set one of the two weights to 0${twins[0].name === 'kl' ? ', or give kl another T' : ''}`,
    });
  }
}

/** They have the gradient of `kl` at T = 1. */
const sameAsRefinery: ReadonlySet<string> = new Set(['refinery', 'distribution']);

/** @throws InputError for an option of a loss of this package that is out of range */
export function checkOption(name: string, option: string, value: number): void {
  optionChecks[option]?.(`loss ${name}`, value);
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

function isOptionOf(loss: LossSetting, option: string): boolean {
  return Object.hasOwn(loss.options, option);
}

function unknownOption(loss: LossSetting, option: string): InputError {
  const options = Object.keys(loss.options);
  const has = options.length === 0 ? 'it has none' : `it has ${options.join(', ')}`;
  return new InputError(`unknown option "${option}" of loss ${loss.name}; ${has}`, {
    nearest: nearestNames(option, options),
  });
}

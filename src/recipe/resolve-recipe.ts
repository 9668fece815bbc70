import { parse } from 'yaml';
import { InputError } from '../errors.js';
import { checked, dotted, type KeyPath, settingIn } from '../files/checked-yaml.js';
import { checkRecipe, isFlag } from './check-recipe.js';
import { augmentation } from './augmentation-schema.js';
import { defaultRecipe, defaultStage } from './default-recipe.js';
import { defaultLossTerms } from './loss-schema.js';
import type { Recipe } from './recipe.js';
import { readRecipe } from './recipe-file.js';
import { recipeTextSchema } from './recipe-schema.js';
import {
  merged,
  originAt,
  partAt,
  plainOf,
  sourced,
  type Sourced,
  type SourcedList,
  type SourcedMap,
  withPart,
} from './sourced.js';

/** A setting that a flag stands for. */
export interface FlagSetting {
  /** Its name in messages: a flag as it is typed, or a field in backticks. */
  readonly flag: string;
  readonly path: KeyPath;
  readonly value: unknown;
}

/** What a recipe is resolved from. */
export interface RecipeSources {
  /** The name of a built-in recipe or a path; undefined for the defaults of a run. */
  readonly recipe?: string | undefined;
  /** Each `path=value`, with the value in YAML; a later one wins. */
  readonly sets?: readonly string[];
  readonly flags?: readonly FlagSetting[];
}

/** Every setting of a run, and where each comes from. */
export interface ResolvedRecipe {
  readonly recipe: Recipe;
  readonly tree: Sourced;
}

const byDefault = (): string => 'default';

/**
 * Resolves a recipe: what its text says, then `sets` and `flags`, then stages from the stages before them, then defaults.
 *
 * A stage is the stage before it with its own keys: maps are merged key by key, lists and values replaced. What says how a
 * stage begins is not carried over: `name`, `initFrom` (default `previous`) and `generations` (default 1). An optimizer of
 * another name starts from its own defaults and the learning rate before it, a schedule of another name from its own. A
 * first stage that names losses has these alone.
 *
 * @throws InputError for the first thing that is wrong, which says where it was written
 */
export async function resolveRecipe({
  recipe,
  sets = [],
  flags = [],
}: RecipeSources): Promise<ResolvedRecipe> {
  const empty: SourcedMap = { kind: 'map', entries: new Map(), origin: 'default' };
  const read = recipe === undefined ? empty : await readRecipe(recipe);
  const changed = withChanges(withFirstLosses(withStages(read)), sets, flags);
  checked(plainOf(changed), recipeTextSchema(), {
    wrongValue: (path, shown, expected) => {
      const origin = originAt(changed, path);
      return isFlag(origin)
        ? `${origin} must be ${expected.replace(/^expected /, '')}, got ${shown.slice('is '.length)}.`
        : `${settingIn(origin, path)} ${shown}: ${expected}`;
    },
    placeOfKey: (path, key) => originAt(changed, [...path, key]),
  });
  const tree = complete(changed as SourcedMap);
  const resolved = plainOf(tree) as Recipe;
  checkRecipe(resolved, (path) => originAt(tree, path));
  return { recipe: resolved, tree };
}

function withStages(text: SourcedMap): SourcedMap {
  if (text.entries.has('stages')) return text;
  const stages = sourced([{ name: defaultStage.name }], byDefault);
  return { ...text, entries: new Map(text.entries).set('stages', stages) };
}

/** The losses of the first stage: the default ones, or those that it names, with the default of each option left out. */
function withFirstLosses(text: SourcedMap): Sourced {
  const named = partAt(text, ['stages', 0, 'losses']);
  for (const name of Object.keys(defaultLossTerms())) {
    const given = partAt(text, ['stages', 0, 'losses', name]);
    if (given?.kind !== 'map' || given.entries.has('weight')) continue;
    throw new InputError(`${given.origin}: the loss ${name} has no weight.`, {
      fix: `write for instance ${name}: { weight: 1 }`,
    });
  }
  const losses = named
    ? merged(sourced(unweighed(), byDefault), named)
    : sourced(defaultLossTerms(), byDefault);
  return withPart(text, ['stages', 0, 'losses'], losses)!;
}

/** Every loss with its default options and weight 0. */
function unweighed(): Record<string, object> {
  const terms = Object.entries(defaultLossTerms());
  return Object.fromEntries(terms.map(([name, settings]) => [name, { ...settings, weight: 0 }]));
}

function withChanges(text: Sourced, sets: readonly string[], flags: readonly FlagSetting[]): Sourced {
  const changes = [
    ...sets.map(parseSet),
    ...flags.map(({ flag, path, value }) => ({ origin: flag, path, value })),
  ];
  const stages = (partAt(text, ['stages']) as SourcedList).items.length;
  let tree = text;
  for (const { origin, path, value } of changes) {
    const written = dotted(path);
    const set = sets.find((one) => one.slice(0, one.indexOf('=')).trim() === written);
    if (set !== undefined && isFlag(origin)) {
      throw new InputError(`${origin} and \`sets: ${set}\` set the same thing.`, {
        fix: 'leave one of them out',
      });
    }
    const part = sourced(value, () => origin);
    const next = withPart(tree, path, part);
    if (!next) {
      const fault =
        path[0] === 'stages' && typeof path[1] === 'number' && path[1] >= stages
          ? `there ${stages === 1 ? 'is 1 stage' : `are ${stages} stages`}, counted from 0`
          : 'there is nothing of that kind there';
      throw new InputError(`${origin}: \`${written}\` cannot be set: ${fault}.`, {
        fix: 'distill config shows every setting by its path',
      });
    }
    tree = next;
  }
  return tree;
}

/** Understands `path=value`. */
function parseSet(text: string): { origin: string; path: KeyPath; value: unknown } {
  const origin = `\`sets: ${text}\``;
  const equals = text.indexOf('=');
  const written = text.slice(0, equals).trim();
  if (equals < 0 || !/^[A-Za-z]\w*(\.[A-Za-z]\w*|\[\d+\])*$/.test(written)) {
    throw new InputError(`\`sets\` must be path=value, got '${text}'.`, {
      fix: 'write for instance `sets: stages[0].optimizer.lr=2e-3`',
    });
  }
  if (written === 'imports') {
    throw new InputError(
      'imports cannot be set, since they are run where the file that names them is read.',
      {
        fix: 'write a recipe that extends the other and imports them',
      },
    );
  }
  const path = written
    .split(/\.|(?=\[)/)
    .map((part) => (part.startsWith('[') ? Number(part.slice(1, -1)) : part));
  try {
    return { origin, path, value: parse(text.slice(equals + 1)) as unknown };
  } catch (error) {
    throw new InputError(`${origin}: the value is not YAML: ${(error as Error).message.split('\n')[0]}`, {
      cause: error,
    });
  }
}

/** The recipe with all defaults, and each stage with what it takes over from the one before. */
function complete(text: SourcedMap): Sourced {
  const { stages: firstStage, ...rest } = defaultRecipe;
  const top = merged(sourced(rest, byDefault), withoutStages(text)) as SourcedMap;
  // Where nothing named losses, the default weights are in `text` already; losses that were named stand alone.
  const first = sourced({ ...firstStage[0], losses: unweighed() }, byDefault) as SourcedMap;
  const whole: SourcedMap[] = [];
  const { items, origin } = text.entries.get('stages') as SourcedList;
  for (const [i, own] of items.entries()) {
    const beginning = { name: `stage-${i + 1}`, initFrom: 'previous', generations: 1 };
    const before = i === 0 ? first : merged(whole[i - 1], sourced(beginning, byDefault));
    whole.push(withWholeAugmentation(merged(before, own) as SourcedMap));
  }
  const list: SourcedList = { kind: 'list', items: whole, origin };
  return { ...top, entries: new Map(top.entries).set('stages', list) };
}

function withoutStages(text: SourcedMap): SourcedMap {
  return { ...text, entries: new Map([...text.entries].filter(([key]) => key !== 'stages')) };
}

function withWholeAugmentation(stage: SourcedMap): SourcedMap {
  const given = stage.entries.get('augmentation');
  if (given?.kind !== 'map') return stage;
  const whole = merged(sourced(augmentation.parse({}), byDefault), given);
  return { ...stage, entries: new Map(stage.entries).set('augmentation', whole) };
}

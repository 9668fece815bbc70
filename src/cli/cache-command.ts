import { type Command, Option } from 'commander';
import type { Augmentation } from '../data/augmentation.js';
import { InputError } from '../errors.js';
import { comparingLosses } from '../losses/loss-needs.js';
import { resolveRecipe } from '../recipe/resolve-recipe.js';
import { stageLosses } from '../recipe/stage-losses.js';
import { defaultData } from '../teacher/default-data.js';
import { nearestNames } from '../nearest.js';
import { providerOf } from '../teacher/providers.js';
import { type CacheSettings, defaultCacheSettings, makeCache } from '../run/make-cache.js';
import { numberOf } from './arguments.js';
import { addCacheInfoCommand } from './cache-info-command.js';
import { addCacheMergeCommand } from './cache-merge-command.js';
import { CacheProgress } from './cache-progress.js';
import { addCacheVerifyCommand } from './cache-verify-command.js';
import { showFirst } from './help.js';
import { sharedOptions } from './shared-options.js';

interface CacheFlags {
  readonly recipe?: string;
  readonly stage?: number;
  readonly teacher?: string;
  readonly data?: string;
  readonly skipCorrupt?: boolean;
  readonly views: number;
  readonly out?: string;
  readonly features: string;
  readonly attention?: boolean;
  readonly dtype: string;
  readonly topK?: number;
  readonly shard?: string;
  readonly batchSize: number;
  readonly viewSeed: number;
  readonly threads: number;
  readonly provider: string;
  readonly mean?: number[];
  readonly std?: number[];
  /** From a recipe alone. */
  readonly augmentation?: Augmentation;
}

/** The flags that a recipe may stand for. */
type RecipeFlags = {
  readonly [
    Name in
      | 'teacher'
      | 'data'
      | 'skipCorrupt'
      | 'views'
      | 'viewSeed'
      | 'provider'
      | 'mean'
      | 'std'
      | 'features'
      | 'augmentation'
  ]: CacheFlags[Name] | undefined;
};

/** Adds `distill cache` and its commands. */
export function addCacheCommand(program: Command, signal: AbortSignal): void {
  const d = defaultCacheSettings;
  const cache = program
    .command('cache')
    .enablePositionalOptions()
    .description(
      "Stores a teacher's answers for several views of images. Name the directory as --teacher to train from it. An interrupted command goes on where it was.",
    )
    .option(
      '--teacher <model>',
      'an ONNX model or its card (required). Of several with commas between them the logits are averaged',
    )
    .option('--out <directory>', 'the directory of the cache (required)')
    .addOption(sharedOptions.data("$DISTILL_DATA, else the sample of the teacher's data set"))
    .option('--views <n>', 'views of each image', numberOf('--views'), d.views)
    .option('--features <names>', 'feature maps to keep: all, none, or taps with commas', d.features)
    .option(
      '--attention',
      'keep attention maps instead. They have one channel, and the loss attention compares them',
    )
    .option('--dtype <type>', 'float16 or float32, for logits and maps', d.dtype)
    .addOption(
      new Option('--top-k <n>', 'keep the n largest probabilities only')
        .argParser(numberOf('--top-k'))
        .default(undefined, 'all logits'),
    )
    .addOption(
      new Option('--shard <i/n>', 'make the i-th of n shards. Join them with distill cache merge').default(
        undefined,
        '1/1',
      ),
    )
    .option(
      '--recipe <name|file>',
      'take settings from a recipe. They are teacher, data, views and augmentation of a stage; flags win over them',
    )
    .addOption(
      new Option('--stage <n>', 'the stage of that recipe, counted from 0')
        .argParser(numberOf('--stage'))
        .default(undefined, '0'),
    )
    .option(
      '--batch-size <n>',
      'images that the teacher gets at a time',
      numberOf('--batch-size'),
      d.batchSize,
    )
    .addOption(sharedOptions.skipCorrupt())
    .addOption(sharedOptions.viewSeed())
    .addOption(sharedOptions.mean())
    .addOption(sharedOptions.std())
    .addOption(sharedOptions.threads('the teacher'))
    .addOption(sharedOptions.provider())
    .action(async (flags: CacheFlags, command: Command) => {
      const isGiven = (name: keyof CacheFlags): boolean => command.getOptionValueSource(name) === 'cli';
      await fill({ ...flags, ...(await recipeFlags(flags, isGiven)) }, signal);
    });
  showFirst(cache, {
    'What to store:': ['--teacher', '--data', '--views', '--recipe', '--stage', '--out'],
    'How to store it:': ['--features', '--attention', '--dtype', '--top-k', '--shard', '--batch-size'],
  });
  addCacheVerifyCommand(cache, signal);
  addCacheInfoCommand(cache);
  addCacheMergeCommand(cache);
}

/** What a recipe says and no flag does, in the form of flags. */
async function recipeFlags(
  { recipe: name, stage: place = 0 }: CacheFlags,
  isGiven: (name: keyof CacheFlags) => boolean,
): Promise<Partial<CacheFlags>> {
  if (name === undefined) {
    if (isGiven('stage'))
      throw new InputError('--stage is of a recipe, and none is named.', { fix: 'add --recipe <name|file>' });
    return {};
  }
  const { recipe } = await resolveRecipe({ recipe: name });
  const stage = recipe.stages.at(place);
  if (!Number.isInteger(place) || place < 0 || !stage) {
    throw new InputError(
      `--stage must be a whole number from 0 to ${recipe.stages.length - 1}, the stages of ${name}, got ${place}.`,
    );
  }
  if (stage.teacher === 'previous' && !isGiven('teacher')) {
    throw new InputError(
      `stage '${stage.name}' of ${name} is taught by the student before it, whose answers are not known yet.`,
      { fix: 'cache an earlier stage, or name a model with --teacher' },
    );
  }
  const comparing = comparingLosses(stageLosses(stage)).length > 0;
  const said: RecipeFlags = {
    teacher: stage.teacher ?? undefined,
    data: recipe.data === '' ? undefined : recipe.data,
    skipCorrupt: recipe.skipCorrupt,
    views: stage.views ?? undefined,
    viewSeed: recipe.viewSeed,
    provider: recipe.provider,
    mean: recipe.mean ? [...recipe.mean] : undefined,
    std: recipe.std ? [...recipe.std] : undefined,
    features: comparing ? 'all' : 'none',
    augmentation: stage.augmentation ?? undefined,
  };
  const used = Object.entries(said).filter(
    ([flag, value]) => value !== undefined && !isGiven(flag as keyof CacheFlags),
  );
  return Object.fromEntries(used);
}

async function fill(flags: CacheFlags, signal: AbortSignal): Promise<void> {
  // Commander would want required flags of the commands below, too.
  const teacher = required('--teacher', flags.teacher);
  const out = required('--out', flags.out);
  const settings: CacheSettings = {
    teacher,
    mean: flags.mean,
    std: flags.std,
    data: flags.data ?? (await defaultData(teacher)),
    skipCorrupt: flags.skipCorrupt ?? false,
    views: flags.views,
    out,
    features: ['all', 'none'].includes(flags.features)
      ? (flags.features as 'all' | 'none')
      : flags.features.split(','),
    attention: flags.attention ?? false,
    dtype: dtypeOf(flags.dtype),
    topK: flags.topK,
    shard: shardOf(flags.shard),
    viewSeed: flags.viewSeed,
    ...(flags.augmentation ? { augmentation: flags.augmentation } : {}),
    batchSize: flags.batchSize,
    threads: flags.threads,
    provider: providerOf('--provider', flags.provider),
  };
  const progress = new CacheProgress(process.stdout);
  const run = makeCache(settings, { signal });
  try {
    for (;;) {
      const next = await run.next();
      if (next.done) {
        progress.stop();
        progress.showSummary(next.value);
        return;
      }
      progress.show(next.value);
    }
  } finally {
    progress.stop();
  }
}

function required(flag: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new InputError(`${flag} is missing.`, {
    fix: 'type for instance: distill cache --teacher cifar10-resnet20 --views 4 --out cache',
  });
}

function dtypeOf(text: string): CacheSettings['dtype'] {
  const types = ['float16', 'float32'] as const;
  const found = types.find((type) => type === text);
  if (found) return found;
  throw new InputError(`--dtype must be float16 or float32, got '${text}'.`, {
    nearest: nearestNames(text, types),
  });
}

function shardOf(text: string | undefined): readonly [number, number] {
  if (text === undefined) return defaultCacheSettings.shard;
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (match) return [Number(match[1]), Number(match[2])];
  throw new InputError(`--shard must be i/n with whole numbers 1 ≤ i ≤ n, got '${text}'.`, {
    fix: 'write for instance --shard 1/4',
  });
}

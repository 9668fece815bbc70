import type { Command } from 'commander';
import { InputError } from '../errors.js';
import { defaultData } from '../teacher/default-data.js';
import { nearestNames } from '../nearest.js';
import { providerOf } from '../teacher/providers.js';
import { type CacheSettings, defaultCacheSettings, makeCache } from '../training/make-cache.js';
import { numberOf } from './arguments.js';
import { addCacheReports } from './cache-reports.js';
import { CacheProgress } from './cache-progress.js';
import { sharedOptions } from './shared-options.js';

interface CacheFlags {
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
}

/** Adds `distill cache` and its commands. */
export function addCacheCommand(program: Command, signal: AbortSignal): void {
  const d = defaultCacheSettings;
  const cache = program
    .command('cache')
    .enablePositionalOptions()
    .description(
      "Stores a teacher's answers for several views of each training picture; name the directory as --teacher to train from it. An interrupted command goes on where it was.",
    )
    .option(
      '--teacher <model.onnx|card.yaml[,…]>',
      'the teacher: an ONNX model, or its card; several with commas between them as one (required)',
    )
    .option('--out <directory>', 'the directory of the cache (required)')
    .option(
      '--data <kind:folder>',
      "the data, of which the training split is taken (default: $DISTILL_DATA, else the sample of the teacher's data set)",
    )
    .addOption(sharedOptions.skipCorrupt())
    .option('--views <n>', 'views of each picture', numberOf('--views'), d.views)
    .option(
      '--features <all|none|name,name,…>',
      "the teacher's feature maps to keep, by their taps",
      d.features,
    )
    .option(
      '--attention',
      'keep the maps as attention maps of one channel, for the loss attention (default: off)',
    )
    .option('--dtype <float16|float32>', 'type of logits and maps', d.dtype)
    .option(
      '--top-k <n>',
      'keep the n largest probabilities instead of all logits (default: all logits)',
      numberOf('--top-k'),
    )
    .option('--shard <i/n>', 'make only the i-th of n shards; `cache merge` joins them (default: 1/1)')
    .option(
      '--batch-size <n>',
      'pictures that the teacher gets at a time',
      numberOf('--batch-size'),
      d.batchSize,
    )
    .addOption(sharedOptions.viewSeed())
    .addOption(sharedOptions.mean())
    .addOption(sharedOptions.std())
    .addOption(sharedOptions.threads('the teacher'))
    .addOption(sharedOptions.provider())
    .action(async (flags: CacheFlags) => {
      await fill(flags, signal);
    });
  addCacheReports(cache, signal);
}

async function fill(flags: CacheFlags, signal: AbortSignal): Promise<void> {
  // Commander would want required flags of the commands below, too.
  const teacher = required('--teacher', flags.teacher);
  const out = required('--out', flags.out);
  const settings: CacheSettings = {
    teacher,
    mean: flags.mean,
    std: flags.std,
    data: flags.data ?? (await defaultData(teacher, `distill cache --teacher ${teacher} --out ${out}`)),
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

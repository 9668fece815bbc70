import { stat } from 'node:fs/promises';
import { CacheWriter } from '../cache/cache-writer.js';
import { CachedTeacher } from '../cache/cached-teacher.js';
import { FillingTeacher } from '../cache/filling-teacher.js';
import { type Manifest, readManifest, requireManifest } from '../cache/manifest.js';
import { newIdentity } from '../cache/new-identity.js';
import { orderedByIndex } from '../cache/ordered-rows.js';
import { checkFreeSpace } from '../cache/write-cache.js';
import { type Augmentation, checkAugmentation, trainingAugmentation } from '../data/augmentation.js';
import { type Dataset, resizedTo } from '../data/dataset.js';
import type { ProgressListener } from '../progress-listener.js';
import { InputError } from '../errors.js';
import { comparingLosses, needsOneOf } from '../losses/loss-needs.js';
import type { LossSetting } from '../losses/loss-settings.js';
import type { Recipe, Stage } from '../recipe/recipe.js';
import { type LiveTeacher, openTeacher } from '../teacher/open-teacher.js';
import type { TargetSource } from '../teacher/targets.js';
import { defaultCacheSettings, originOf } from './make-cache.js';
import { asTaken, checkAccuracy } from '../evaluation/teacher-check.js';

/** The data of a run: images to train with, to select the best epoch with, and to report with. */
export type Splits = readonly [training: Dataset, validation: Dataset, test: Dataset];

/** What determines where the targets of a stage come from. */
export interface TeacherRequest
  extends
    Pick<Recipe, 'mean' | 'std' | 'threads' | 'provider' | 'viewSeed'>,
    Pick<Stage, 'teacher' | 'cache' | 'views' | 'augmentation'> {
  readonly losses: readonly LossSetting[];
  /** The epochs of the run up to the end of the stage, which is the default number of views. */
  readonly epochs: number;
}

/** Where the targets of a stage come from, and what depends on it. */
export interface RunTeacher {
  /** Undefined if no loss needs a teacher. */
  readonly source: TargetSource | undefined;
  /** The model, for evaluation; undefined if none is loaded. */
  readonly live: TargetSource | undefined;
  /** The data with images of the teacher's input size. */
  readonly splits: Splits;
  /** The number of views of each image. */
  readonly views: number;
  readonly augmentation: Augmentation;
  /** Why the providers tried before cannot run the model, one sentence each. */
  readonly notes: readonly string[];
  /** To be called after the last step of an epoch of the run. */
  readonly endEpoch: (epoch: number) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/**
 * Opens what `teacher` names, a model or a cache, and with `cache` a cache that the run fills.
 *
 * @param onHashed called with the number of image files that are read for the identity of a cache
 * @throws InputError for a teacher that does not fit the data or is far worse than its card says, or a cache
 *   that was made for something else or has no maps that the losses need
 */
export async function openRunTeacher(
  request: TeacherRequest,
  splits: Splits,
  onHashed?: ProgressListener,
): Promise<RunTeacher> {
  const views = request.views ?? request.epochs;
  const nothing = (): Promise<void> => Promise.resolve();
  if (request.teacher === null) {
    const augmentation = stageAugmentation(request, splits[0]);
    const none = { source: undefined, live: undefined, notes: [], endEpoch: nothing, dispose: nothing };
    return { ...none, splits, views, augmentation };
  }
  if (await isDirectory(request.teacher)) return openCache(request.teacher, request, splits, onHashed);
  const stored = request.cache === null ? undefined : await readManifest(request.cache);
  const wanted = comparingLosses(request.losses).length > 0 ? 'all' : 'none';
  const taps = stored?.contents.taps.map(({ name }) => name) ?? wanted;
  const live = await openTeacher(request.teacher, {
    taps,
    threads: request.threads,
    provider: request.provider,
    classes: splits[0].classes,
    ...(request.mean ? { mean: request.mean } : {}),
    ...(request.std ? { std: request.std } : {}),
  });
  try {
    const taken = splits.map((split) => asTaken(split, live.facts)) as unknown as Splits;
    for (const member of live.members) await checkAccuracy(member, member, taken[1]);
    const augmentation = stageAugmentation(request, taken[0]);
    const common = { live, splits: taken, augmentation, notes: live.facts.providerMisses };
    if (request.cache === null)
      return { ...common, source: live, views, endEpoch: nothing, dispose: () => live.dispose() };
    const filling = await openFilling(request.cache, stored, request, live, taken[0], augmentation, onHashed);
    return {
      ...common,
      source: filling.source,
      views: filling.views,
      endEpoch: (epoch) => filling.source.completeView(epoch % filling.views),
      dispose: async () => {
        await filling.source.dispose();
        await live.dispose();
      },
    };
  } catch (error) {
    await live.dispose();
    throw error;
  }
}

async function openCache(
  directory: string,
  request: TeacherRequest,
  splits: Splits,
  onHashed: ProgressListener | undefined,
): Promise<RunTeacher> {
  if (request.cache !== null)
    throw new InputError(
      `\`teacher: ${directory}\` is a cache already, so there is nothing to fill ${request.cache} with.`,
      { fix: 'name the model as `teacher`, or leave `cache` out' },
    );
  const { data } = await requireManifest(directory);
  const taken = splits.map((split) =>
    resizedTo(split, data.size, data.resize ?? undefined),
  ) as unknown as Splits;
  const augmentation = stageAugmentation(request, taken[0]);
  const { viewSeed } = request;
  const source = await CachedTeacher.open(directory, {
    dataset: taken[0],
    augmentation,
    viewSeed,
    ...(onHashed ? { onHashed } : {}),
  });
  try {
    if (request.views !== null && request.views !== source.views)
      throw new InputError(
        `\`views\` is ${request.views}, but the cache in ${directory} has ${source.views} views.`,
        { fix: 'leave `views` out' },
      );
    checkMaps(directory, request, source.contents);
    return {
      source,
      live: undefined,
      notes: [],
      splits: taken,
      views: source.views,
      augmentation,
      endEpoch: () => Promise.resolve(),
      dispose: () => source.dispose(),
    };
  } catch (error) {
    await source.dispose();
    throw error;
  }
}

async function openFilling(
  directory: string,
  there: Manifest | undefined,
  request: TeacherRequest,
  live: LiveTeacher,
  training: Dataset,
  augmentation: Augmentation,
  onHashed: ProgressListener | undefined,
): Promise<{ source: FillingTeacher; views: number }> {
  const dataset = orderedByIndex(training);
  const choices = {
    dtype: defaultCacheSettings.dtype,
    topK: undefined,
    maps: 'features',
    augmentation,
    viewSeed: request.viewSeed,
    views: request.views ?? there?.views.count ?? request.epochs,
    batchSize: defaultCacheSettings.batchSize,
  } as const;
  const fresh = await newIdentity(live.facts, dataset, choices, onHashed);
  // Contents and layout of an existing cache may differ from the defaults.
  const identity = there ? { ...fresh, contents: there.contents, layout: there.layout } : fresh;
  if (there) checkMaps(directory, request, there.contents);
  const writer = await CacheWriter.open(directory, identity, dataset, await originOf(live.facts.provider));
  try {
    await checkFreeSpace(directory, writer.format.bytes - (await writer.bytesPresent()));
    return { source: await FillingTeacher.open(live, writer, dataset), views: identity.views.count };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** Refuses losses that need maps which a cache does not have. */
function checkMaps(
  directory: string,
  request: TeacherRequest,
  { maps, taps }: { readonly maps: string; readonly taps: readonly unknown[] },
): void {
  // An attention map has one channel, and cannot be compared with all channels of a student.
  const refused = comparingLosses(request.losses).filter(
    (setting) => taps.length === 0 || (maps === 'attention' && needsOneOf(setting, 'connectedMaps')),
  );
  if (refused.length === 0) return;
  const names = refused.map(({ name }) => name);
  const held = taps.length === 0 ? 'no maps' : 'attention maps only';
  throw new InputError(
    `the loss ${names.join(', ')} compares feature maps, and the cache in ${directory} holds ${held}.`,
    {
      fix: `leave it out (${names.map((name) => `\`losses.${name}.weight: 0\``).join(' ')}), or make the cache with its feature maps`,
    },
  );
}

/** The augmentation of the stage, or the default of the data. */
export function stageAugmentation(
  { augmentation }: Pick<Stage, 'augmentation'>,
  training: Dataset,
): Augmentation {
  if (augmentation === null) return trainingAugmentation(training);
  checkAugmentation(augmentation, training);
  return augmentation;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

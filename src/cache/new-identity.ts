import { type Augmentation, leanAugmentation } from '../data/augmentation.js';
import type { Dataset } from '../data/dataset.js';
import type { ProgressListener } from '../progress-listener.js';
import { InputError } from '../errors.js';
import type { TeacherFacts } from '../teacher/teacher-facts.js';
import { batchesPerPart } from './cache-format.js';
import { type CacheContents, columnsOf } from './columns.js';
import { dataIdentity } from './identity.js';
import type { CacheIdentity } from './manifest.js';
import { checkTopK } from './top-k.js';

/** What can be chosen for a new cache. */
export interface CacheChoices {
  readonly dtype: CacheContents['dtype'];
  readonly topK: number | undefined;
  readonly maps: CacheContents['maps'];
  readonly augmentation: Augmentation;
  readonly viewSeed: number;
  readonly views: number;
  /** Rows of a record batch, which are also the images of one batch of the teacher. */
  readonly batchSize: number;
  /** The approximate size of a file; by default 1 GiB. */
  readonly partBytes?: number;
}

const mostViews = 65_536;

/**
 * The identity of a new cache of a teacher's answers on a data set.
 *
 * @param onHashed called with the number of image files that are read
 * @throws InputError for a number of views or of probabilities that cannot be stored, or an unreadable image
 */
export async function newIdentity(
  teacher: TeacherFacts,
  dataset: Dataset,
  choices: CacheChoices,
  onHashed?: ProgressListener,
): Promise<CacheIdentity> {
  const { dtype, maps, augmentation, viewSeed, views, batchSize } = choices;
  if (views > mostViews)
    throw new InputError(`\`views\` must be at most ${mostViews.toLocaleString('en-US')}, got ${views}.`);
  if (choices.topK !== undefined) checkTopK(choices.topK, teacher.classes.length);
  const contents: CacheContents = {
    dtype,
    classes: teacher.classes.length,
    topK: choices.topK ?? null,
    maps,
    taps: teacher.taps.map(({ name, tensor, level, shape }) => ({ name, tensor, level, shape })),
  };
  const columns = columnsOf(contents, augmentation);
  const rowsPerBatch = Math.min(batchSize, dataset.length);
  const identity = {
    teachers: teacher.models,
    data: await dataIdentity(dataset, onHashed),
    views: { augmentation: leanAugmentation(augmentation), viewSeed, count: views },
    contents,
    layout: { rowsPerBatch, batchesPerPart: batchesPerPart(columns, rowsPerBatch, choices.partBytes) },
  };
  // As it will be read back: plain, mutable and without undefined values.
  return JSON.parse(JSON.stringify(identity)) as CacheIdentity;
}

import type { Augmentation } from '../data/augmentation.js';
import type { Batch } from '../data/batch.js';
import type { Dataset } from '../data/dataset.js';
import type { ProgressListener } from '../progress-listener.js';
import { InputError } from '../errors.js';
import type { Tap, TargetSource, TeacherTargets } from '../teacher/targets.js';
import { CacheFormat, Envelopes } from './cache-format.js';
import { type CacheContents, storedTap } from './columns.js';
import { checkIdentity, dataIdentity } from './identity.js';
import { type Manifest, requireManifest } from './manifest.js';
import { orderedByIndex, rowFinder } from './ordered-rows.js';
import { checkPart } from './part-check.js';
import type { CacheFiles } from './row-reader.js';
import { rowsAhead, RowThread } from './row-thread.js';
import { requireComplete } from './verify-cache.js';

/** What a cache is opened for. It must be equal to what the cache was made for. */
export interface CachedTeacherOptions {
  /** The training images, in any order. */
  readonly dataset: Dataset;
  readonly augmentation: Augmentation;
  readonly viewSeed: number;
  /** Called with the number of image files that are read for the comparison. */
  readonly onHashed?: ProgressListener;
}

/** A teacher with stored answers. It reads the rows of a batch and runs no model. */
export class CachedTeacher implements TargetSource {
  readonly answersByView = true;
  /** Rows are read while the batches before are in use. */
  readonly ahead = rowsAhead;

  private constructor(
    readonly directory: string,
    readonly manifest: Manifest,
    private readonly rowOf: (index: number) => number,
    private readonly thread: RowThread,
  ) {}

  /**
   * Opens a cache.
   *
   * @throws InputError if the directory is not a cache, files are missing or damaged, or it was made for
   *   other data, another augmentation or another view seed; it names the first difference
   */
  static async open(directory: string, options: CachedTeacherOptions): Promise<CachedTeacher> {
    const manifest = await requireManifest(directory);
    const dataset = orderedByIndex(options.dataset);
    const { augmentation, viewSeed } = options;
    checkIdentity(directory, manifest, {
      data: await dataIdentity(dataset, options.onHashed),
      views: { augmentation: { ...augmentation }, viewSeed, count: manifest.views.count },
    });
    const format = new CacheFormat(manifest);
    requireComplete(directory, manifest, format);
    const envelopes = await Envelopes.of(format);
    for (const file of manifest.files) await checkPart(directory, file, format, envelopes);
    const thread = new RowThread(cacheFiles(directory, format, envelopes), format.identity.contents);
    return new CachedTeacher(directory, manifest, rowFinder(dataset), thread);
  }

  get contents(): CacheContents {
    return this.manifest.contents;
  }

  /** The number of views of each image. */
  get views(): number {
    return this.manifest.views.count;
  }

  get classes(): readonly string[] {
    return this.manifest.data.classes;
  }

  /** The taps as they are stored: attention maps have one channel. */
  get taps(): readonly Tap[] {
    return this.contents.taps.map((tap) => storedTap(this.contents, tap));
  }

  /**
   * The stored targets of a batch of training views.
   *
   * @throws InputError for a view or an image that is not in the cache, or a damaged row
   */
  async targets({ indices, view, size }: Batch): Promise<TeacherTargets> {
    if (view >= this.views)
      throw new InputError(
        `the cache in ${this.directory} has views 0 to ${this.views - 1}, but view ${view} was requested.`,
      );
    const rows = new Uint32Array(size);
    indices.forEach((index, n) => {
      const row = this.rowOf(index);
      if (row < 0) throw new InputError(`image ${index} is not in the cache in ${this.directory}.`);
      rows[n] = row;
    });
    return this.thread.read(view, rows, indices.slice());
  }

  recycle(targets: TeacherTargets): void {
    this.thread.recycle(targets);
  }

  async dispose(): Promise<void> {
    await this.thread.end();
  }
}

/** The places of a cache's rows, for a reader. */
export function cacheFiles(directory: string, format: CacheFormat, envelopes: Envelopes): CacheFiles {
  const { rowsPerBatch, batchesPerPart } = format.identity.layout;
  const rowsPerPart = rowsPerBatch * batchesPerPart;
  return {
    directory,
    columns: format.columns,
    rowsPerPart,
    partsPerView: Math.ceil(format.images / rowsPerPart),
    files: format.parts.map(({ name, rows }) => ({ name, shape: envelopes.shape(rows) })),
  };
}

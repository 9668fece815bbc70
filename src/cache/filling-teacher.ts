import type { Batch } from '../data/batch.js';
import { viewBatch } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { Tap, TargetSource, TeacherTargets } from '../teacher/targets.js';
import { Envelopes, type PartPlan } from './cache-format.js';
import type { CacheWriter } from './cache-writer.js';
import { cacheFiles } from './cached-teacher.js';
import { storedTap } from './columns.js';
import { rowFinder } from './ordered-rows.js';
import { bodyLayout } from './part-layout.js';
import { type PartFile, partialName } from './part-file.js';
import { decodeRows, encodeRows, floatsPerRow, targetsIn } from './row-codec.js';
import { RowReader } from './row-reader.js';
import { rowsAhead, RowThread } from './row-thread.js';

/**
 * A teacher that stores its answers in a cache. The first pass over a view runs the model, later passes read.
 * Both give the stored values, so that a run that fills a cache equals one that reads it.
 */
export class FillingTeacher implements TargetSource {
  readonly answersByView = true;

  private constructor(
    private readonly live: TargetSource,
    private readonly writer: CacheWriter,
    private readonly dataset: Dataset,
    private readonly rowOf: (index: number) => number,
    private readonly complete: RowThread,
    private readonly partial: RowReader,
  ) {}

  /**
   * @param live the teacher whose answers are stored
   * @param dataset rows in order of their original indices
   */
  static async open(live: TargetSource, writer: CacheWriter, dataset: Dataset): Promise<FillingTeacher> {
    const { format, directory } = writer;
    const files = cacheFiles(directory, format, await Envelopes.of(format));
    const thread = new RowThread(files, format.identity.contents);
    const partials = files.files.map(({ name, shape }) => ({ name: partialName(name), shape }));
    const partial = new RowReader({ ...files, files: partials });
    return new FillingTeacher(live, writer, dataset, rowFinder(dataset), thread, partial);
  }

  get classes(): readonly string[] {
    return this.live.classes;
  }

  get taps(): readonly Tap[] {
    const { contents } = this.writer.format.identity;
    return contents.taps.map((tap) => storedTap(contents, tap));
  }

  /** Nothing is requested in advance while the model runs. */
  get ahead(): number {
    return this.writer.format.parts.every((part) => this.writer.isComplete(part)) ? rowsAhead : 0;
  }

  async targets(batch: Batch): Promise<TeacherTargets> {
    const rows = Uint32Array.from(batch.indices, (index) => this.rowOf(index));
    const parts = this.#partsOf(batch.view, rows);
    if (parts.every((plan) => this.writer.isComplete(plan)))
      return this.complete.read(batch.view, rows, batch.indices.slice());
    if (await this.#isThere(parts, rows)) {
      const { body, layout } = this.partial.read(batch.view, rows, batch.indices);
      return this.#decoded(body, layout, batch.size);
    }
    return this.#compute(batch, rows);
  }

  recycle(targets: TeacherTargets): void {
    this.complete.recycle(targets);
  }

  /**
   * Computes the missing rows of a view. A pass over the images that leaves out an incomplete batch misses
   * some.
   */
  async completeView(view: number): Promise<void> {
    const { format } = this.writer;
    const absent: number[] = [];
    for (const plan of format.parts.filter((part) => part.view === view && !this.writer.isComplete(part))) {
      const part = await this.writer.part(plan);
      for (let row = 0; row < plan.rows; row++) if (!part.has(row)) absent.push(plan.firstRow + row);
    }
    const { viewSeed } = format.identity.views;
    for (let first = 0; first < absent.length; first += format.rowsPerBatch) {
      const rows = absent.slice(first, first + format.rowsPerBatch);
      const batch = await viewBatch(this.dataset, rows, view, viewSeed, format.augmentation);
      await this.#compute(batch, Uint32Array.from(rows));
    }
    await this.writer.flush();
  }

  /** Closes the cache. The caller disposes of the model. */
  async dispose(): Promise<void> {
    this.partial.close();
    await this.complete.end();
    await this.writer.close();
  }

  /** The parts with these rows of a view. */
  #partsOf(view: number, rows: Uint32Array): PartPlan[] {
    const { format } = this.writer;
    const numbers = new Set(Array.from(rows, (row) => format.partOf(view, row)));
    return [...numbers].map((number) => format.parts[number]);
  }

  async #isThere(parts: readonly PartPlan[], rows: Uint32Array): Promise<boolean> {
    if (parts.some((plan) => this.writer.isComplete(plan))) return false;
    const files = await Promise.all(parts.map((plan) => this.writer.part(plan)));
    return rows.every((row) => files.some((file) => holds(file, row) && file.has(row - file.plan.firstRow)));
  }

  async #compute(batch: Batch, rows: Uint32Array): Promise<TeacherTargets> {
    const { format } = this.writer;
    const { columns } = format;
    const answer = await this.live.targets(batch);
    const layout = bodyLayout(columns, batch.size);
    const body = new Uint8Array(layout.bytes);
    encodeRows(format, batch, answer, body, layout);
    this.live.recycle?.(answer);
    for (const plan of this.#partsOf(batch.view, rows)) {
      if (this.writer.isComplete(plan)) continue;
      const part = await this.writer.part(plan);
      rows.forEach((row, n) => {
        if (!holds(part, row) || part.has(row - plan.firstRow)) return;
        const cells = columns.map(({ bytes }, column) => {
          const start = layout.offsets[column] + n * bytes;
          return body.subarray(start, start + bytes);
        });
        part.writeRow(row - plan.firstRow, cells);
      });
      if (part.isFull) await this.writer.finish(part);
    }
    return this.#decoded(body, layout, batch.size);
  }

  #decoded(body: Uint8Array, layout: ReturnType<typeof bodyLayout>, rows: number): TeacherTargets {
    const { columns, identity } = this.writer.format;
    const { contents } = identity;
    const targets = targetsIn(new ArrayBuffer(4 * rows * floatsPerRow(contents)), contents, rows);
    decodeRows({ columns, contents }, body, layout, targets);
    return targets;
  }
}

/** Whether a part has a row of its view. */
function holds({ plan }: PartFile, row: number): boolean {
  return row >= plan.firstRow && row < plan.firstRow + plan.rows;
}

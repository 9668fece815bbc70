import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CachedTeacher } from '../../src/cache/cached-teacher.js';
import { trainingAugmentation } from '../../src/data/augmentation.js';
import type { PixelDataset } from '../../src/data/dataset.js';
import { RandomStream } from '../../src/data/random.js';
import type { TeacherFacts } from '../../src/teacher/teacher-facts.js';
import { InstantTeacher, openWriter, writeParts } from './cache-cases.js';
import { median } from './statistics.js';

/** How long random batches of a large cache take. */
export interface ReadingFigures {
  readonly bytes: number;
  /** Of the largest file. */
  readonly largestFile: number;
  readonly files: number;
  readonly batch: number;
  /** Medians of a batch whose pages are in memory, and of one whose pages are not; null where they cannot be evicted. */
  readonly warmMs: number;
  readonly coldMs: number | null;
  /** What the process held before reading, and at most while reading as much as the whole cache. */
  readonly rssBeforeMiB: number;
  readonly rssPeakMiB: number;
}

/** What is measured. */
export interface ReadingCase {
  readonly facts: TeacherFacts;
  readonly dataset: PixelDataset;
  readonly views: number;
  readonly batch: number;
  /** Files grow to about this size. */
  readonly partBytes: number;
  readonly folder: string;
}

/** Writes a large cache of numbers without meaning, and reads random batches of it. */
export async function measureReading(given: ReadingCase): Promise<ReadingFigures> {
  const { facts, dataset, views, batch, partBytes, folder } = given;
  const directory = await mkdtemp(join(folder, 'bench-cache-'));
  try {
    const writer = await openWriter(directory, facts, dataset, { views, batchSize: 256, partBytes });
    await writeParts(writer, dataset, new InstantTeacher(facts));
    const { files } = writer;
    await writer.close();
    const teacher = await CachedTeacher.open(directory, {
      dataset,
      augmentation: trainingAugmentation(dataset),
      viewSeed: 0,
    });
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    const stream = new RandomStream({ seed: 1, purpose: 1000 });
    const readOne = async (): Promise<number> => {
      const indices = Uint32Array.from(
        { length: batch },
        () => dataset.indices[stream.integer(dataset.length)],
      );
      const began = performance.now();
      const targets = await teacher.targets({
        size: batch,
        indices,
        labels: new Int32Array(batch),
        images: new Float32Array(0),
        view: stream.integer(views),
      });
      const ms = performance.now() - began;
      teacher.recycle(targets);
      return ms;
    };
    for (let n = 0; n < 10; n++) await readOne();
    const rssBefore = process.memoryUsage.rss();
    let rssPeak = rssBefore;
    const warm: number[] = [];
    // As many rows as there are, so that what is kept would show.
    for (let n = 0; n < Math.max(50, rows / batch); n++) {
      warm.push(await readOne());
      rssPeak = Math.max(rssPeak, process.memoryUsage.rss());
    }
    const cold = (await evict(directory)) ? await repeated(20, readOne) : undefined;
    await teacher.dispose();
    return {
      bytes,
      largestFile: Math.max(...files.map((file) => file.bytes)),
      files: files.length,
      batch,
      warmMs: median(warm),
      coldMs: cold ? median(cold) : null,
      rssBeforeMiB: rssBefore / 2 ** 20,
      rssPeakMiB: rssPeak / 2 ** 20,
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function repeated(count: number, work: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let n = 0; n < count; n++) values.push(await work());
  return values;
}

/** Takes the pages of all files of a directory out of memory; false where the tool for it is missing. */
async function evict(directory: string): Promise<boolean> {
  try {
    for (const name of await readdir(directory))
      execFileSync('dd', [`if=${join(directory, name)}`, 'iflag=nocache', 'count=0', 'status=none']);
    return true;
  } catch {
    return false;
  }
}

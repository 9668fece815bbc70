import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PixelDataset } from '../../src/data/dataset.js';
import { imageInput } from '../../src/teacher/image-input.js';
import { findTeacher } from '../../src/teacher/find-teacher.js';
import { OnnxSession } from '../../src/teacher/onnx-session.js';
import { TeacherThread } from '../../src/teacher/teacher-thread.js';
import { openWriter, writeParts } from './cache-cases.js';
import { median } from './statistics.js';

/** How fast a cache is written, beside ONNX Runtime alone. */
export interface WritingFigures {
  readonly views: number;
  readonly images: number;
  readonly batch: number;
  readonly bareImagesPerSecond: number;
  readonly cacheImagesPerSecond: number;
  /** Median over the views of the time that ONNX Runtime needs alone for an image over that of the cache. */
  readonly ratio: number;
  readonly bytes: number;
}

/** What is measured. */
export interface WritingCase {
  readonly teacher: string;
  readonly dataset: PixelDataset;
  readonly views: number;
  readonly batch: number;
  readonly threads: number;
  readonly taps: 'all' | 'none';
  /** Where the cache is written, and removed. */
  readonly folder: string;
}

/** Images that ONNX Runtime gets alone, at most: as long as the machine keeps its speed. */
const bareImages = 12_544;

/**
 * Writes a cache view by view, and runs ONNX Runtime alone before the first and after each: the same model, outputs, batch and
 * threads, in a loop that does nothing else. A view is set beside the mean of the two runs around it.
 */
export async function measureWriting(given: WritingCase): Promise<WritingFigures> {
  const { dataset, views, batch, threads, taps, folder } = given;
  const teacher = await TeacherThread.open(given.teacher, { taps, threads, classes: dataset.classes });
  const bare = await bareLoop(
    given,
    teacher.facts.models[0].logits.tensor,
    teacher.taps.map(({ tensor }) => tensor),
  );
  const directory = await mkdtemp(join(folder, 'bench-cache-'));
  const writer = await openWriter(directory, teacher.facts, dataset, { views, batchSize: batch });
  const alone = Math.min(bareImages, dataset.length);
  // Seconds for an image.
  const timedBare = async (): Promise<number> => (await timed(() => bare.run(alone))) / alone;
  const seconds: { bare: number; cache: number }[] = [];
  try {
    let before = await timedBare();
    for (let view = 0; view < views; view++) {
      const parts = writer.format.parts.filter((part) => part.view === view);
      const cache = (await timed(() => writeParts(writer, dataset, teacher, parts))) / dataset.length;
      const after = await timedBare();
      seconds.push({ bare: (before + after) / 2, cache });
      before = after;
    }
    return {
      views,
      images: dataset.length,
      batch,
      bareImagesPerSecond: 1 / median(seconds.map((times) => times.bare)),
      cacheImagesPerSecond: 1 / median(seconds.map((times) => times.cache)),
      ratio: median(seconds.map((times) => times.bare / times.cache)),
      bytes: writer.files.reduce((sum, file) => sum + file.bytes, 0),
    };
  } finally {
    await writer.close();
    await teacher.dispose();
    await bare.release();
    await rm(directory, { recursive: true });
  }
}

/** A session of the teacher's model, run on the same images again and again. */
async function bareLoop(
  { teacher, batch, threads }: WritingCase,
  logits: string,
  taps: readonly string[],
): Promise<{ run: (count: number) => Promise<void>; release: () => Promise<void> }> {
  const { file, card } = await findTeacher(teacher);
  const input = imageInput(file, card?.input);
  const session = await OnnxSession.create(file, [logits, ...taps], { threads, optimise: true });
  const images = new Float32Array(batch * 3 * input.size[0] * input.size[1]);
  await session.run(input, batch, images);
  return {
    run: async (count) => {
      for (let done = 0; done < count; done += batch) {
        const size = Math.min(batch, count - done);
        await session.run(input, size, images.subarray(0, (size * images.length) / batch));
      }
    },
    release: () => session.release(),
  };
}

/** Seconds. */
async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

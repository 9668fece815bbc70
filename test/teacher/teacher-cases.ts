import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { Batch } from '../../src/data/batch.js';
import { InputError } from '../../src/errors.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import type { OnnxTeacherOptions } from '../../src/teacher/onnx-teacher.js';
import type { TeacherTargets } from '../../src/teacher/targets.js';
import { tinyOnnx } from './tiny-onnx.js';
import type { TinyModel } from './tiny-onnx.js';

const folder = mkdtempSync(join(tmpdir(), 'bnn-distill-teacher-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
/** Writes a model, with a card if one is given: its input, whatever more lines, and the files that hold its weights. */
export function teacherFile(
  model: TinyModel,
  card?: { input: string; lines?: string[] },
  external: readonly Uint8Array[] = [],
): string {
  const stem = join(folder, `m${files++}`);
  const bytes = tinyOnnx(model);
  writeFileSync(`${stem}.onnx`, bytes);
  const [sum, ...others] = [bytes, ...external].map((data) =>
    createHash('sha256').update(data).digest('hex'),
  );
  if (card !== undefined)
    writeFileSync(
      `${stem}.yaml`,
      [
        'schema: 1',
        `file: ${stem.slice(folder.length + 1)}.onnx`,
        `sha256: ${others.length === 0 ? sum : `[${[sum, ...others].join(', ')}]`}`,
        `input: ${card.input}`,
        ...(card.lines ?? ['classes: [a, b, c]']),
      ].join('\n'),
    );
  return `${stem}.onnx`;
}

/** Images of different, fixed values. */
export function images(size: number, height: number, width: number, seed = 1): Batch {
  const images = Float32Array.from(
    { length: size * height * width * 3 },
    (_, i) => ((i * 7919 + seed * 104729) % 1009) / 1008,
  );
  return {
    size,
    images,
    labels: new Int32Array(size),
    indices: Uint32Array.from({ length: size }, (_, i) => i),
    view: 0,
  };
}

/** Mean of each RGB channel of each image. */
export function means({ size, images }: Batch): number[][] {
  const plane = images.length / size / 3;
  return Array.from({ length: size }, (_, n) =>
    [0, 1, 2].map((c) => {
      let sum = 0;
      for (let p = 0; p < plane; p++) sum += images[(n * plane + p) * 3 + c];
      return sum / plane;
    }),
  );
}

/** The targets of one batch from a teacher opened for it. */
export async function answer(
  path: string,
  batch: Batch,
  options: OnnxTeacherOptions = {},
): Promise<TeacherTargets> {
  const teacher = await OnnxTeacher.open(path, { threads: 1, ...options });
  try {
    return await teacher.targets(batch);
  } finally {
    await teacher.dispose();
  }
}

/** The InputError with which work fails. */
export async function failure(work: Promise<unknown>): Promise<InputError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

export function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, index) => expect(Math.abs(actual[index] - value)).toBeLessThan(tolerance));
}

/** An override that leaves images as they are, and a card's input that does. */
export const identity = { mean: [0, 0, 0], std: [1, 1, 1] };
export const plain = 'layout: nchw, size: [4, 4], mean: [0, 0, 0], std: [1, 1, 1]';

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start, type Running } from '../cli/distill.js';
import { mainFile } from '../cli/distill.js';
import { tinyOnnx } from '../teacher/tiny-onnx.js';
import { twoLevels } from '../training/tiny-teacher.js';

/** A teacher with two feature maps that takes almost no time, so that most of a run is writing. */
export function writeTeacher(path: string, weightsFactor = 1): void {
  const initializers = twoLevels.initializers!.map((tensor) => ({
    ...tensor,
    values: tensor.values.map((value) => value * weightsFactor),
  }));
  writeFileSync(path, tinyOnnx({ ...twoLevels, initializers }));
}

/** Starts `distill cache` on the embedded sample. */
export function startCache(teacher: string, out: string, more: readonly string[] = []): Running {
  const normalised = ['--mean', '0.5,0.5,0.5', '--std', '0.25,0.25,0.25', '--data', 'cifar10-sample'];
  const args = ['cache', '--teacher', teacher, '--out', out, ...normalised, ...more];
  return start(process.execPath, [mainFile, ...args]);
}

/** The files of a cache. */
export function filesOf(directory: string): Map<string, Buffer> {
  return new Map(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(join(directory, name))]),
  );
}

/** The names of files that differ or that only one of two directories has. */
export function differences(a: string, b: string): string[] {
  const [first, second] = [filesOf(a), filesOf(b)];
  const names = new Set([...first.keys(), ...second.keys()]);
  return [...names].filter((name) => {
    const [one, other] = [first.get(name), second.get(name)];
    return one === undefined || other === undefined || !one.equals(other);
  });
}

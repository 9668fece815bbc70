import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError, RunError } from '../../src/errors.js';
import { exportTeacher } from '../../src/export/export-teacher.js';
import { createNetwork } from '../../src/models/create-network.js';
import type { Network } from '../../src/models/network.js';
import { activationNames } from '../../src/ops/batch-norm-activation.js';
import { loadCard } from '../../src/teacher/card.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import { loadDataset } from '../../src/data/data-spec.js';
import { viewBatch } from '../../src/data/batches.js';
import { noAugmentation } from '../../src/data/augmentation.js';
import { studentInput } from '../../src/models/student-input.js';
import { loadStudent, saveStudent } from '../../src/models/checkpoint.js';
import { toBatchMajor } from '../../src/ops/position-major.js';
import { backends, useTestBackend } from '../backends.js';
import { writeTinyCifar } from '../cli/tiny-cifar.js';
import { scratchFolder } from '../files/scratch.js';
import { randomFloats } from '../native/shapes.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const data = `cifar10:${at('data')}`;
const backend = backends.at(-1)!;
let classes: readonly string[];

beforeAll(async () => {
  await useTestBackend(backend);
  await writeTinyCifar(at('data'));
  ({ classes } = await loadDataset(data, 'test'));
});

/** Moves parameters and running statistics away from where they start. */
function stir(network: Network): void {
  for (const [i, { variable, name }] of [...network.store.parameters, ...network.store.buffers].entries()) {
    if (variable.rank !== 1) continue;
    const noise = randomFloats(variable.size, 90 + i).map((value) => value / 4);
    if (name.endsWith('Variance')) noise.forEach((value, c) => (noise[c] = Math.abs(value)));
    tf.tidy(() => {
      variable.assign(tf.add(variable, tf.tensor1d(noise)));
    });
  }
}

async function checkpoint(name: string, options: object = {}): Promise<string> {
  const network = createNetwork(name, { classes: 10, seed: 4, ...options });
  stir(network);
  const path = at(`${name}-${Object.values(options).join('-')}.safetensors`);
  await saveStudent(path, network, { classes, epoch: 1 });
  network.dispose();
  return path;
}

describe('exportTeacher', () => {
  const resnetLevels = [
    ['level1', 32, 32, 16],
    ['level2', 16, 16, 32],
    ['level3', 8, 8, 64],
  ];
  const vggLevels = [
    ['level1', 16, 16, 16],
    ['level2', 8, 8, 32],
    ['level3', 4, 4, 64],
  ];
  const bottleneckLevels = [
    ['level1', 32, 32, 8],
    ['level2', 16, 16, 16],
    ['level3', 8, 8, 32],
    ['level4', 4, 4, 64],
  ];
  it.each([
    ...activationNames.map((activation) => ({
      name: 'resnet20',
      activation,
      width: 1,
      levels: resnetLevels,
    })),
    { name: 'vgg-small', activation: 'relu', width: 1 / 8, levels: vggLevels },
    { name: 'resnet50', activation: 'leakyClip', width: 1 / 32, levels: bottleneckLevels },
  ])(
    'writes $name with $activation, whose logits and taps in ONNX Runtime are those of the network',
    async ({ name, activation, width, levels }) => {
      const path = await checkpoint(name, { activation, width });
      const out = at(`${name}-${activation}.onnx`);
      const heard: number[] = [];
      const { numTensors } = tf.memory();
      const exported = await exportTeacher(
        { checkpoint: path, out, data, threads: 2, backend },
        { onProgress: (done) => heard.push(done) },
      );
      expect(tf.memory().numTensors).toBe(numTensors);
      expect(exported.largestDifference).toBeLessThan(1e-4);
      expect(exported.accuracy).toEqual(exported.ownAccuracy);
      expect(exported.accuracy.total).toBe(100);
      expect(heard.at(-1)).toBe(100);

      const card = await loadCard(exported.card);
      expect(card).toMatchObject({
        sha256: exported.sha256,
        file: `${name}-${activation}.onnx`,
        classes,
        dataset: 'cifar10',
        expectedTop1: exported.accuracy.top1,
        input: { layout: 'nchw', size: [32, 32], color: 'rgb', mean: [0.4914, 0.4822, 0.4465] },
      });
      // What else reads it: a teacher with its card's taps.
      const teacher = await OnnxTeacher.open(out, { taps: 'all', threads: 1, classes });
      const test = await loadDataset(data, 'test');
      const batch = await viewBatch(test, [3, 8], 0, 0, noAugmentation);
      const { features } = await teacher.targets(batch);
      expect(teacher.taps.map((tap) => [tap.name, ...tap.shape])).toEqual(levels);
      const { student } = await loadStudent(path);
      tf.tidy(() => {
        const maps = student.apply(
          studentInput(batch, test),
          false,
          new Set(levels.map((_, i) => i + 1)),
        ).features;
        for (const [level, map] of maps) {
          // Targets have a mean square of 1.
          const nhwc = toBatchMajor(map).dataSync() as Float32Array;
          const size = nhwc.length / 2;
          const got = features.get(`level${level}`)!;
          for (let n = 0; n < 2; n++) {
            const own = nhwc.subarray(n * size, (n + 1) * size);
            const norm = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0) / size);
            own.forEach((value, i) => {
              if (i % 97 === 0) expect(got[n * size + i]).toBeCloseTo(value / norm, 4);
            });
          }
        }
      });
      student.dispose();
      await teacher.dispose();
    },
  );

  it('refuses a binary network, other classes, files that are there, and a name without .onnx', async () => {
    const binary = await checkpoint('bnn-resnet20');
    const full = await checkpoint('resnet20');
    writeFileSync(at('there.yaml'), 'x');
    const settings = { checkpoint: full, out: at('new.onnx'), data, threads: 1, backend };
    const { numTensors } = tf.memory();
    for (const [change, message] of [
      [{ checkpoint: binary }, /holds a bnn-resnet20; only full-precision networks are exported/],
      [{ out: at('new.bin') }, /must end in \.onnx, got/],
      [{ out: at('there.onnx') }, /there\.yaml is there already/],
      [{ checkpoint: at('gone.safetensors') }, /gone\.safetensors/],
    ] as const) {
      const failed: unknown = await exportTeacher({ ...settings, ...change }).catch(
        (error: unknown) => error,
      );
      expect(failed).toBeInstanceOf(InputError);
      expect((failed as Error).message).toMatch(message);
    }
    mkdirSync(at('renamed'));
    for (const file of readdirSync(at('data')))
      copyFileSync(join(at('data'), file), join(at('renamed'), file));
    const names = readFileSync(join(at('data'), 'batches.meta.txt'), 'utf8').replace('frog', 'toad');
    writeFileSync(join(at('renamed'), 'batches.meta.txt'), names);
    await expect(exportTeacher({ ...settings, data: `cifar10:${at('renamed')}` })).rejects.toThrow(
      /^the classes of .* are not those of cifar10:.*renamed\.$/,
    );
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(existsSync(at('new.onnx'))).toBe(false);
  });

  it('refuses a model that answers otherwise, and leaves nothing', async () => {
    const full = await checkpoint('resnet20');
    const failed: unknown = await exportTeacher({
      ...{ checkpoint: full, out: at('strict.onnx'), data, threads: 1, backend },
      tolerance: 1e-12,
    }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(RunError);
    expect((failed as Error).message).toMatch(
      /^ONNX Runtime gives logits that differ from the network's by up to \d\.\d\de-\d, more than 1e-12; nothing was written\.$/,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('strict') || name.startsWith('.'))).toEqual(
      [],
    );
  });
});

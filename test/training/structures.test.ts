import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BinaryResNet } from '../../src/models/bnn-resnet.js';
import type { Structure } from '../../src/models/structure.js';
import { saveStudent, loadStudent } from '../../src/models/checkpoint.js';
import { createNetwork } from '../../src/models/create-network.js';
import { join } from 'node:path';
import { backends, useTestBackend } from '../backends.js';
import { scratchFolder } from '../files/scratch.js';
import { byBackpropagation } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { structureOptions } from './structure-options.js';

const folder = scratchFolder();
const depths = {
  basic: { widths: [8, 16], blocks: [2, 2] },
  bottlenecks: { widths: [4, 8], blocks: [1, 2], expansion: 4 },
} as const;
const classes = 4;

/** Each option away from the default, and some together. */
const structures: readonly (Partial<Structure> & {
  readonly momentum?: number;
  readonly depth?: keyof typeof depths;
})[] = [
  ...structureOptions,
  { width: 2 },
  { width: 1.5 },
  { momentum: 0.05 },
  { block: 'realToBinary', attention: 'se', skip: 'single' },
  { attention: 'se', skip: 'single' },
  { groups: 2, attention: 'se' },
  { groups: 2, block: 'realToBinary', attention: 'gate' },
  { groups: 4, skip: 'single', attention: 'cgd' },
  { groups: 4, block: 'reActNet', downsample: 'v3', width: 1.5 },
  { firstLayer: 'binary', lastLayer: 'binary' },
  { firstLayer: 'binary', lastLayer: 'binary', groups: 2, block: 'biReal', width: 2 },
  { block: 'reActNet', skip: 'single', downsample: 'v2', attention: 'se', width: 0.5 },
  { depth: 'bottlenecks' },
  { depth: 'bottlenecks', skip: 'single', downsample: 'v2', attention: 'se' },
  { depth: 'bottlenecks', groups: 2, firstLayer: 'binary' },
  { depth: 'bottlenecks', downsample: 'v3', width: 0.5, momentum: 0.05 },
];

function network({ momentum, depth = 'basic', ...structure }: (typeof structures)[number]): BinaryResNet {
  const batchNorm = momentum === undefined ? {} : { batchNorm: { momentum } };
  return new BinaryResNet('small', depths[depth], {
    classes,
    size: [8, 8],
    seed: 2,
    ...structure,
    ...batchNorm,
  });
}

// Four kinds of images that differ in their colours and halves.
const size = 8;
const images = new Float32Array(size * 8 * 8 * 3);
const labels = Int32Array.from({ length: size }, (_, n) => n % classes);
randomFloats(images.length, 3).forEach((value, i) => {
  const n = Math.floor(i / 192);
  const [row, colour] = [Math.floor((i % 192) / 24), i % 3];
  images[i] = value / 2 + (colour === labels[n] % 3 ? 1 : 0) + (labels[n] === 3 && row < 4 ? 1 : 0);
});

function lossOf(student: BinaryResNet): tf.Scalar {
  const { logits } = student.apply(tf.tensor4d(images, [size, 8, 8, 3]), true);
  const hot = tf.oneHot(tf.tensor1d(labels, 'int32'), classes);
  return tf.neg(tf.mean(tf.sum(tf.mul(hot, tf.logSoftmax(logits)), 1)));
}

describe.each(structures)('a network with %j', (structure) => {
  beforeAll(() => useTestBackend(backends.at(-1)!));
  afterAll(() => useTestBackend(backends.at(-1)!));

  it('trains 20 steps with a falling loss, and leaves no tensor', () => {
    const student = network(structure);
    const { numTensors } = tf.memory();
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) {
      const { loss, gradients } = byBackpropagation(
        () => lossOf(student),
        student.store.parameters.map(({ variable }) => variable),
      );
      losses.push(loss);
      for (const [variable, gradient] of gradients)
        tf.tidy(() => {
          const scaled = gradient.map((value) => 0.02 * Math.sign(value));
          variable.assign(tf.sub(variable, tf.tensor(scaled, variable.shape)));
        });
      expect(gradients.size).toBe(student.store.parameters.length);
    }
    expect(tf.memory().numTensors).toBe(numTensors);
    const mean = (part: number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
    expect(mean(losses.slice(-5))).toBeLessThan(0.8 * losses[0]);
    student.dispose();
    expect(tf.memory().numTensors).toBeLessThan(numTensors);
  });

  it.skipIf(backends.length === 1)('gives on the native backend what the cpu backend gives', async () => {
    const runs: { loss: number; gradients: Float32Array[]; names: string[] }[] = [];
    for (const backend of backends) {
      await useTestBackend(backend);
      const student = network(structure);
      const variables = student.store.parameters.map(({ variable }) => variable);
      const { loss, gradients } = byBackpropagation(() => lossOf(student), variables);
      const names = student.store.parameters.map(({ name }) => name);
      runs.push({ loss, gradients: variables.map((variable) => gradients.get(variable)!), names });
      student.dispose();
    }
    const [cpu, native] = runs;
    expect(native.loss).toBeCloseTo(cpu.loss, 4);
    // A sign that rounding turns would move gradients by far more.
    native.gradients.forEach((gradient, i) => {
      const largest = Math.max(...cpu.gradients[i].map(Math.abs));
      const apart = Math.max(...gradient.map((value, k) => Math.abs(value - cpu.gradients[i][k])));
      expect(apart, native.names[i]).toBeLessThanOrEqual(1e-3 * largest + 1e-6);
    });
  });

  it('comes back from a checkpoint', async () => {
    // No checkpoint says the momentum, and a name says the depth.
    const rest = Object.fromEntries(
      Object.entries(structure).filter(([key]) => key !== 'momentum' && key !== 'depth'),
    ) as Partial<Structure>;
    const name = structure.depth === 'bottlenecks' ? 'bnn-resnet50' : 'bnn-resnet20';
    const student = createNetwork(name, { classes, width: 0.25, ...rest });
    const path = join(folder, `${JSON.stringify(structure).replaceAll(/\W/g, '')}.safetensors`);
    await saveStudent(path, student, { classes: ['a', 'b', 'c', 'd'], epoch: 1 });
    const { student: again } = await loadStudent(path);
    expect(again.metadata).toEqual(student.metadata);
    const shapes = (network: typeof student): unknown[] =>
      [...network.store.named()].map(([name, { shape }]) => [name, shape]);
    expect(shapes(again)).toEqual(shapes(student));
    student.dispose();
    again.dispose();
  });
});

describe('a structure', () => {
  it.each<[(typeof structures)[number], string]>([
    [
      { block: 'biraeal' },
      "the block 'biraeal' is unknown; expected one of binary, biReal, reActNet, realToBinary.",
    ],
    [{ attention: 'sse' }, "the attention 'sse' is unknown; expected one of none, se, gate, cgd, cbam, bam."],
    [{ skip: 'treble' as never }, "the skip 'treble' is unknown; expected one of double, single."],
    [{ downsample: 'v4' as never }, "the downsampling 'v4' is unknown; expected one of v1, v2, v3."],
    [{ width: 0 }, 'the width must be a finite number above 0, got 0.'],
    [{ groups: 0 }, 'the groups must be a whole number of at least 1, got 0.'],
    [{ groups: 1.5 }, 'the groups must be a whole number of at least 1, got 1.5.'],
    [{ groups: 3 }, '3 groups do not divide the 8 channels of level 1.'],
    [{ groups: 8, width: 0.75 }, '8 groups do not divide the 6 channels of level 1.'],
    [{ firstLayer: 'bits' as never }, "the first layer is 'bits'; expected one of float, binary."],
    [{ lastLayer: 'flaot' as never }, "the last layer is 'flaot'; expected one of float, binary."],
    [
      { depth: 'bottlenecks', block: 'biReal' },
      "the network small has bottlenecks, whose only block is 'binary', got the block 'biReal'.",
    ],
    [{ width: 1.3 }, 'the width 1.3 gives level 1 10.4 channels; expected a whole number.'],
  ])('%j is refused', (structure, message) => {
    expect(() => network(structure)).toThrow(message);
  });
});

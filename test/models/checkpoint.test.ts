import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { type NamedTensor, readSafetensors, writeSafetensors } from '../../src/files/safetensors.js';
import type { BinaryResNet } from '../../src/models/bnn-resnet.js';
import { createStudent } from '../../src/models/create-network.js';
import { loadStudent, saveStudent } from '../../src/models/checkpoint.js';
import { backends, useTestBackend } from '../backends.js';
import { scratchFolder } from '../files/scratch.js';

const folder = scratchFolder();
const path = join(folder, 'student.safetensors');
const facts = { classes: ['a', 'b', 'c'], epoch: 7 };

let student: BinaryResNet;
beforeAll(async () => {
  await useTestBackend(backends.at(-1)!);
  student = createStudent('bnn-resnet20', { classes: 3, seed: 5 });
  await saveStudent(path, student, facts);
});
afterAll(() => student.dispose());

describe('a checkpoint', () => {
  it('brings back the student, its parameters, its running statistics and its facts', async () => {
    const { student: read, ...said } = await loadStudent(path);
    expect(said).toEqual(facts);
    expect(read.name).toBe('bnn-resnet20');
    const [before, after] = [student, read].map((net) =>
      [...net.store.named()].map(([name, variable]) => [name, variable.shape, variable.dataSync().slice()]),
    );
    expect(after).toEqual(before);
    const images = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 3], 0, 1, 'float32', 1);
    const [a, b] = [student, read].map((net) => net.predict(images).dataSync());
    expect(b).toEqual(a);
    read.dispose();
  });

  it('names its tensors by path, parameters and running statistics', async () => {
    const { tensors, metadata } = await readSafetensors(path);
    expect(metadata).toEqual({
      format: '1',
      architecture: 'bnn-resnet20',
      classes: '["a","b","c"]',
      epoch: '7',
    });
    for (const name of [
      'stem.conv.filter',
      'blocks.0.bn.runningVariance',
      'blocks.17.conv.latent',
      'blocks.6.prelu.slope',
    ])
      expect(tensors.has(name), name).toBe(true);
  });

  it('brings back the size of the images and how they were resized', async () => {
    const large = createStudent('bnn-resnet20', { classes: 3, size: [160, 192] });
    const file = join(folder, 'large.safetensors');
    const resize = { short: 256, interpolation: 'bicubic' } as const;
    await saveStudent(file, large, { ...facts, resize });
    const { student: read, ...said } = await loadStudent(file);
    expect(said).toEqual({ ...facts, resize });
    expect(read.size).toEqual([160, 192]);
    expect(read.store.named().get('stem.conv.filter')!.shape).toEqual([7, 7, 3, 16]);
    large.dispose();
    read.dispose();
  });

  type Change = (tensors: Map<string, NamedTensor>, metadata: Record<string, string>) => void;
  const one: NamedTensor = { shape: [1], values: Float32Array.of(1) };
  it.each<[what: string, change: Change, message: string]>([
    [
      'of another format',
      (_, metadata) => (metadata['format'] = '2'),
      'is not a checkpoint of a student of format 1 (its format is 2).',
    ],
    [
      'of no format',
      (_, metadata) => delete metadata['format'],
      'is not a checkpoint of a student of format 1 (its format is not said).',
    ],
    [
      'that lacks a tensor',
      (tensors) => tensors.delete('stem.bn.gamma'),
      "lacks the tensor 'stem.bn.gamma' of bnn-resnet20.",
    ],
    [
      'with a tensor of another shape',
      (tensors) => tensors.set('stem.bn.gamma', one),
      "holds 'stem.bn.gamma' as [1]; bnn-resnet20 has it as [16].",
    ],
    [
      'with a tensor too many',
      (tensors) => tensors.set('stem.bn.delta', one),
      "holds 'stem.bn.delta', which bnn-resnet20 does not have.",
    ],
  ])('%s is refused, and leaves no tensor behind', async (_, change, message) => {
    const { tensors, metadata } = await readSafetensors(path);
    const changed = { tensors: new Map(tensors), metadata: { ...metadata } };
    change(changed.tensors, changed.metadata);
    const other = join(folder, 'changed.safetensors');
    await writeSafetensors(other, changed);
    const { numTensors } = tf.memory();
    const error: unknown = await loadStudent(other).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe(`${other} ${message}`);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('of an unknown architecture is refused', async () => {
    const { tensors, metadata } = await readSafetensors(path);
    const other = join(folder, 'other.safetensors');
    await writeSafetensors(other, { tensors, metadata: { ...metadata, architecture: 'bnn-resnet21' } });
    await expect(loadStudent(other)).rejects.toThrow("the network 'bnn-resnet21' is unknown");
  });
});

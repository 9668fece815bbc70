import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { BinaryResNet } from '../../src/models/bnn-resnet.js';
import type { Network } from '../../src/models/network.js';
import { ResNet } from '../../src/models/resnet.js';
import type { Structure } from '../../src/models/structure.js';
import { takeOver } from '../../src/models/take-over.js';
import { useTestBackend } from '../backends.js';

beforeAll(() => useTestBackend('cpu'));

const values = (network: Network, name: string): Float32Array =>
  network.store.named().get(name)!.dataSync().slice() as Float32Array;
const meanMagnitude = (row: Float32Array): number =>
  row.reduce((sum, v) => sum + Math.abs(v), 0) / row.length;

it.each<[Partial<Structure>, string[]]>([
  [{ firstLayer: 'binary', lastLayer: 'binary' }, []],
  [{ groups: 2 }, ['blocks.0.conv.latent', 'blocks.1.conv.latent']],
])('gives a network with %j what fits', (structure, left) => {
  const depth = { widths: [4], blocks: [2] };
  const student = new BinaryResNet('b', depth, { classes: 3, seed: 1, ...structure });
  const teacher = new ResNet('t', { ...depth, blocks: [1] }, { classes: 3, seed: 2 });
  const notTaken = takeOver(student, teacher).filter((name) => !/\.(bn|prelu)\./.test(name));
  expect(notTaken).toEqual(left);
  const signs = (network: BinaryResNet | ResNet, name: string): number[] =>
    [...network.store.named().get(name)!.dataSync()].map(Math.sign);
  if (structure.firstLayer === 'binary')
    expect(signs(student, 'stem.conv.latent')).toEqual(signs(teacher, 'stem.conv.filter'));
  if (structure.lastLayer === 'binary')
    expect(signs(student, 'head.linear.latent')).toEqual(signs(teacher, 'head.linear.weight'));
  student.dispose();
  teacher.dispose();
});

it('gives each tensor of a binary network what corresponds to it, and names the rest', () => {
  const student = new BinaryResNet('b', { widths: [4, 6], blocks: [2, 4] }, { classes: 3, seed: 1 });
  const teacher = new ResNet('t', { widths: [4, 6], blocks: [1, 2] }, { classes: 3, seed: 2 });
  const before = new Map([...student.store.named().keys()].map((name) => [name, values(student, name)]));
  const { numTensors } = tf.memory();
  const notTaken = takeOver(student, teacher);
  expect(tf.memory().numTensors).toBe(numTensors);

  const latents = [
    ['blocks.0.conv.latent', 'blocks.0.conv1.filter'],
    ['blocks.1.conv.latent', 'blocks.0.conv2.filter'],
    ['blocks.2.conv.latent', 'blocks.1.conv1.filter'],
    ['blocks.3.conv.latent', 'blocks.1.conv2.filter'],
    ['blocks.4.conv.latent', 'blocks.2.conv1.filter'],
    ['blocks.5.conv.latent', 'blocks.2.conv2.filter'],
  ];
  for (const [mine, theirs] of latents) {
    const [got, source] = [values(student, mine), values(teacher, theirs)];
    expect(meanMagnitude(got)).toBeCloseTo(meanMagnitude(before.get(mine)!), 6);
    const factor = meanMagnitude(got) / meanMagnitude(source);
    got.forEach((value, i) => expect(value).toBeCloseTo(factor * source[i], 6));
  }
  const same = [
    ...[
      'stem.conv.filter',
      'stem.bn.gamma',
      'stem.bn.beta',
      'stem.bn.runningMean',
      'stem.bn.runningVariance',
    ],
    ...['conv.filter', 'bn.gamma', 'bn.beta', 'bn.runningMean', 'bn.runningVariance'].map(
      (name) => `blocks.2.shortcut.${name}`,
    ),
    ...['head.linear.weight', 'head.linear.bias'],
  ];
  for (const name of same)
    expect(values(student, name)).toEqual(values(teacher, name.replace('blocks.2', 'blocks.1')));
  const rest = [...before.keys()].filter(
    (name) => !same.includes(name) && !latents.some(([mine]) => mine === name),
  );
  expect(notTaken.sort()).toEqual(rest.sort());
  for (const name of rest) expect(values(student, name)).toEqual(before.get(name));
  expect(rest.some((name) => name === 'blocks.0.bn.gamma')).toBe(true);
  student.dispose();
  teacher.dispose();
});

it('gives a bottleneck the convolutions, the BatchNorms after them and the shortcut of the full-precision one', () => {
  const depth = { widths: [2, 3], blocks: [1, 2], expansion: 4 };
  const student = new BinaryResNet('b', depth, { classes: 3, seed: 1 });
  const teacher = new ResNet('t', depth, { classes: 3, seed: 2 });
  for (const [i, { variable }] of [...teacher.store.parameters, ...teacher.store.buffers].entries())
    tf.tidy(() => void variable.assign(tf.add(variable, i / 100)));
  const before = new Map([...student.store.named().keys()].map((name) => [name, values(student, name)]));
  const notTaken = takeOver(student, teacher);

  const sources = {
    'first.conv.latent': 'conv1.filter',
    'second.conv.latent': 'conv2.filter',
    'third.conv.latent': 'conv3.filter',
  };
  const norms = { 'second.bn': 'bn1', 'third.bn': 'bn2', bn: 'bn3', 'shortcut.bn': 'shortcut.bn' };
  for (const block of ['blocks.0', 'blocks.1', 'blocks.2']) {
    for (const [mine, theirs] of Object.entries(sources)) {
      const [got, source] = [values(student, `${block}.${mine}`), values(teacher, `${block}.${theirs}`)];
      expect(meanMagnitude(got)).toBeCloseTo(meanMagnitude(before.get(`${block}.${mine}`)!), 6);
      const factor = meanMagnitude(got) / meanMagnitude(source);
      got.forEach((value, i) => expect(value).toBeCloseTo(factor * source[i], 6));
    }
    const hasBranch = before.has(`${block}.shortcut.conv.filter`);
    expect(hasBranch).toBe(block !== 'blocks.2');
    for (const [mine, theirs] of Object.entries(norms))
      if (hasBranch || mine !== 'shortcut.bn')
        for (const name of ['gamma', 'beta', 'runningMean', 'runningVariance'])
          expect(values(student, `${block}.${mine}.${name}`)).toEqual(
            values(teacher, `${block}.${theirs}.${name}`),
          );
    if (hasBranch)
      expect(values(student, `${block}.shortcut.conv.filter`)).toEqual(
        values(teacher, `${block}.shortcut.conv.filter`),
      );
  }
  for (const name of ['stem.conv.filter', 'stem.bn.beta', 'head.linear.weight', 'head.linear.bias'])
    expect(values(student, name)).toEqual(values(teacher, name));
  const alone = [...before.keys()].filter(
    (name) => /\.first\.bn\.|\.prelu\./.test(name) || name.startsWith('head.bn'),
  );
  expect(notTaken.sort()).toEqual(alone.sort());
  for (const name of alone) expect(values(student, name)).toEqual(before.get(name));
  student.dispose();
  teacher.dispose();
});

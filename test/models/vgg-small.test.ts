import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNetwork } from '../../src/models/create-network.js';
import { networkCost } from '../../src/models/network-cost.js';
import { takeOver } from '../../src/models/take-over.js';
import { VggSmall, type VggSmallOptions } from '../../src/models/vgg-small.js';
import { toBatchMajor } from '../../src/ops/position-major.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { byBackpropagation } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { binaryWeights, PlainBlock, sign } from '../nn/plain-blocks.js';

const depth = { widths: [4, 6], blocks: [2, 2] };
const classes = 3;
const size = [8, 12] as const;
const images = (seed: number): tf.Tensor4D => tf.tensor4d(randomFloats(3 * 8 * 12 * 3, seed), [3, 8, 12, 3]);

type Ends = Pick<VggSmallOptions, 'firstLayer' | 'lastLayer'>;

function small(isBinary: boolean, ends: Ends = {}): VggSmall {
  const ways = { classes, size, seed: 4, activation: 'leakyClip', ...ends } as const;
  const network = new VggSmall('small', depth, isBinary, ways);
  for (const [i, { variable }] of network.store.parameters.entries())
    if (variable.rank === 1)
      tf.tidy(() => {
        variable.assign(tf.add(variable, tf.tensor1d(randomFloats(variable.size, 60 + i).map((v) => v / 4))));
      });
  return network;
}

/** The network in stock operations, from its definition; the images position-major. */
function plainLogits(network: VggSmall, images: tf.Tensor4D, ends: Ends): tf.Tensor2D {
  const plain = new PlainBlock(network.store.named(), 1);
  const clamp = (v: tf.Tensor4D): tf.Tensor4D => tf.clipByValue(v, -1, 1);
  const f = (v: tf.Tensor4D): tf.Tensor4D => tf.add(tf.mul(v, 0.1), tf.mul(clamp(v), 0.9));
  const pooled = (x: tf.Tensor4D): tf.Tensor4D =>
    tf.transpose(tf.maxPool(tf.transpose(x, [2, 0, 1, 3]), 2, 2, 'valid'), [1, 2, 0, 3]);
  const stem =
    ends.firstLayer === 'binary'
      ? binaryWeights<tf.Tensor4D>(plain.at('stem.conv.latent'))
      : plain.at<tf.Tensor4D>('stem.conv.filter');
  let x = plain.conv(tf.transpose(images, [1, 2, 0, 3]), stem, 1);
  for (let i = 0; i < 3; i++) {
    const v = plain.norm(x, `blocks.${i}.bn`);
    x = network.isBinary
      ? plain.binaryConv(sign(v), `blocks.${i}.conv`)
      : plain.conv(f(v), plain.at(`blocks.${i}.conv.filter`), 1);
    if (i !== 1) x = pooled(x);
  }
  const v = plain.norm(x, 'head.bn');
  const last = network.isBinary ? clamp(v) : f(v);
  const flat = tf.reshape<tf.Rank.R2>(tf.transpose(last, [2, 0, 1, 3]), [3, -1]);
  const bias = plain.at('head.linear.bias');
  if (ends.lastLayer !== 'binary') return tf.add(tf.matMul(flat, plain.at('head.linear.weight')), bias);
  return tf.add(tf.matMul(sign(flat), binaryWeights<tf.Tensor2D>(plain.at('head.linear.latent'))), bias);
}

const weighed = (logits: tf.Tensor2D): tf.Scalar =>
  tf.sum(tf.mul(logits, tf.tensor2d(randomFloats(logits.size, 8), logits.shape)));

describe.each(backends)('VggSmall on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each<[isBinary: boolean, ends: Ends]>([
    [false, {}],
    [true, {}],
    [true, { firstLayer: 'binary' }],
    [true, { lastLayer: 'binary' }],
    [true, { firstLayer: 'binary', lastLayer: 'binary' }],
  ])('binary: %s, %j equals its definition in stock operations, gradients too', (isBinary, ends) => {
    const network = small(isBinary, ends);
    const input = images(1);
    const variables = network.store.parameters.map(({ variable }) => variable);
    const { numTensors } = tf.memory();
    const ours = byBackpropagation(() => weighed(network.apply(input, true).logits), variables);
    expect(tf.memory().numTensors).toBe(numTensors);
    tf.tidy(() => {
      const expected = plainLogits(network, input, ends);
      expectGoldenValues(network.apply(input, true).logits.dataSync(), [...expected.dataSync()]);
      const { grads } = tf.variableGrads(() => weighed(plainLogits(network, input, ends)), variables);
      for (const { name, variable } of network.store.parameters) {
        expect(ours.gradients.get(variable), name).toBeDefined();
        expectGoldenGradient(ours.gradients.get(variable)!, [...grads[variable.name].dataSync()]);
      }
    });
    input.dispose();
    network.dispose();
  });

  it('gives the feature maps asked for, after the pooling of their level', () => {
    const network = small(true);
    const { numTensors } = tf.memory();
    tf.tidy(() => {
      const { features, pooled } = network.apply(images(2), false, new Set([1, 2]), true);
      for (const [level, map] of features)
        expect(toBatchMajor(map).shape).toEqual([
          3,
          ...network.sizeOf(level, size),
          network.channelsOf(level),
        ]);
      expect([...features.keys()]).toEqual([1, 2]);
      expect(pooled!.shape).toEqual([3, 2 * 3 * 6]);
    });
    expect(tf.memory().numTensors).toBe(numTensors);
    network.dispose();
  });
});

describe('VGG-small by name', () => {
  beforeAll(() => useTestBackend('cpu'));

  it('has the weights and multiply-adds that follow from its table', () => {
    const network = createNetwork('bnn-vgg-small', { classes: 10 });
    const { total } = networkCost(network);
    network.dispose();
    const weights = 9 * (128 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 512 * 512);
    expect(total.binaryParameters).toBe(weights);
    const macs = 9 * (128 * 128 * 1024 + (128 * 256 + 256 * 256) * 256 + (256 * 512 + 512 * 512) * 64);
    expect(total.binaryMacs).toBe(macs);
    expect(total.floatMacs).toBe(9 * 3 * 128 * 1024 + 512 * 16 * 10);
  });

  it('starts from the full-precision network, which has a tensor for each of its own', () => {
    const options = { classes, width: 1 / 32 };
    const student = createNetwork('bnn-vgg-small', options);
    const teacher = createNetwork('vgg-small', { ...options, seed: 9 });
    expect(takeOver(student, teacher)).toEqual([]);
    const bn = (network: typeof student): unknown => [
      ...network.store.named().get('blocks.3.bn.gamma')!.dataSync(),
    ];
    expect(bn(student)).toEqual(bn(teacher));
    expect(student.metadata).toEqual({ width: '0.03125' });
    const ends = createNetwork('bnn-vgg-small', { ...options, firstLayer: 'binary', lastLayer: 'binary' });
    expect(takeOver(ends, teacher)).toEqual([]);
    expect(ends.metadata).toEqual({ width: '0.03125', firstLayer: 'binary', lastLayer: 'binary' });
    ends.dispose();
    student.dispose();
    teacher.dispose();
  });
});

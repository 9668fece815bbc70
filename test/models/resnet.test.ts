import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, isFullPrecision } from '../../src/models/create-network.js';
import { type ResNetDepth, resNetDepths } from '../../src/models/depths.js';
import type { Network } from '../../src/models/network.js';
import { ResNet } from '../../src/models/resnet.js';
import { type Activation, activationNames } from '../../src/ops/batch-norm-activation.js';
import { toBatchMajor } from '../../src/ops/position-major.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { byBackpropagation } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { PlainBlock } from '../nn/plain-blocks.js';

const depths: Readonly<Record<'basic blocks' | 'bottlenecks', ResNetDepth>> = {
  'basic blocks': { widths: [5, 8], blocks: [2, 1] },
  bottlenecks: { widths: [3, 2], blocks: [2, 1], expansion: 4 },
};
const classes = 3;
const images = (seed: number): tf.Tensor4D => tf.tensor4d(randomFloats(4 * 9 * 7 * 3, seed), [4, 9, 7, 3]);

function small(activation: Activation, depth = depths['basic blocks']): ResNet {
  const network = new ResNet('small', depth, { classes, size: [9, 7], activation, seed: 3 });
  // Parameters that differ from their start, so that each of them matters.
  for (const [i, { variable }] of network.store.parameters.entries())
    if (variable.rank === 1)
      tf.tidy(() => {
        variable.assign(tf.add(variable, tf.tensor1d(randomFloats(variable.size, 50 + i).map((v) => v / 4))));
      });
  return network;
}

/** The network in stock operations, from its definition (He et al. 2016). */
function plainLogits(network: Network, images: tf.Tensor4D, activation: Activation): tf.Tensor2D {
  const plain = new PlainBlock(network.store.named(), 1);
  const at = <T extends tf.Tensor>(name: string): T => plain.at(name);
  const f = (v: tf.Tensor4D): tf.Tensor4D => {
    const clamped = tf.clipByValue(v, -1, 1);
    if (activation === 'relu') return tf.relu(v);
    return activation === 'hardClamp' ? clamped : tf.add(tf.mul(v, 0.1), tf.mul(clamped, 0.9));
  };
  const conv = (v: tf.Tensor4D, name: string, stride: number): tf.Tensor4D =>
    plain.conv(v, at(`${name}.filter`), stride);
  const norm = (v: tf.Tensor4D, name: string): tf.Tensor4D => plain.norm(v, name);
  let x = f(norm(conv(tf.transpose(images, [1, 2, 0, 3]), 'stem.conv', 1), 'stem.bn'));
  let place = 0;
  const { blocks, expansion } = network.depth;
  blocks.forEach((count, level) => {
    for (let i = 0; i < count; i++) {
      const name = `blocks.${place++}`;
      const stride = level > 0 && i === 0 ? 2 : 1;
      const layer = (v: tf.Tensor4D, n: number, step: number): tf.Tensor4D =>
        norm(conv(v, `${name}.conv${n}`, step), `${name}.bn${n}`);
      const last =
        expansion === undefined
          ? layer(f(layer(x, 1, stride)), 2, 1)
          : layer(f(layer(f(layer(x, 1, 1)), 2, stride)), 3, 1);
      const hasBranch = network.store.named().has(`${name}.shortcut.conv.filter`);
      const shortcut = hasBranch ? norm(conv(x, `${name}.shortcut.conv`, stride), `${name}.shortcut.bn`) : x;
      x = f(tf.add(last, shortcut));
    }
  });
  const pooled = tf.mean<tf.Tensor2D>(x, [0, 1]);
  return tf.add(tf.matMul(pooled, at('head.linear.weight')), at('head.linear.bias'));
}

const weighed = (logits: tf.Tensor2D): tf.Scalar =>
  tf.sum(tf.mul(logits, tf.tensor2d(randomFloats(logits.size, 8), logits.shape)));

describe.each(backends)('ResNet on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(
    Object.entries(depths).flatMap(([title, depth]) =>
      activationNames.map((activation) => ({ title, depth, activation })),
    ),
  )(
    'of $title with $activation equals its definition in stock operations, gradients too',
    ({ depth, activation }) => {
      const network = small(activation, depth);
      const input = images(1);
      const variables = network.store.parameters.map(({ variable }) => variable);
      const { numTensors } = tf.memory();
      const ours = byBackpropagation(() => weighed(network.apply(input, true).logits), variables);
      expect(tf.memory().numTensors).toBe(numTensors);
      tf.tidy(() => {
        const logits = plainLogits(network, input, activation);
        expectGoldenValues(network.apply(input, true).logits.dataSync(), [...logits.dataSync()]);
        const { grads } = tf.variableGrads(() => weighed(plainLogits(network, input, activation)), variables);
        for (const { name, variable } of network.store.parameters) {
          const expected = grads[variable.name];
          // tf.grads of a convolution on the cpu backend sums in float32, as ours does.
          expect(ours.gradients.get(variable), name).toBeDefined();
          expectGoldenGradient(ours.gradients.get(variable)!, [...expected.dataSync()]);
        }
      });
      input.dispose();
      network.dispose();
    },
  );

  it('gives the feature maps asked for, of the size and channels that it states', () => {
    const network = small('relu');
    tf.tidy(() => {
      const { features, pooled } = network.apply(images(2), false, new Set([1, 2]), true);
      for (const [level, map] of features) {
        expect(toBatchMajor(map).shape).toEqual([
          4,
          ...network.sizeOf(level, [9, 7]),
          network.channelsOf(level),
        ]);
      }
      expect([...features.keys()]).toEqual([1, 2]);
      expect(pooled!.shape).toEqual([4, 8]);
    });
    network.dispose();
  });
});

describe('createNetwork', () => {
  beforeAll(() => useTestBackend('cpu'));

  it.each(Object.keys(resNetDepths))('makes %s with the convolutions of its blocks', (name) => {
    const network = createNetwork(name, { classes });
    const { blocks, expansion }: ResNetDepth = resNetDepths[name as keyof typeof resNetDepths];
    const filters = network.store.parameters.filter(
      ({ variable }) => variable.shape[0] === 3 && variable.rank === 4,
    );
    // The stem's, and those of the blocks; in a bottleneck two of three are 1×1.
    const perBlock = expansion === undefined ? 2 : 1;
    expect(filters).toHaveLength(1 + perBlock * blocks.reduce((sum, count) => sum + count, 0));
    expect(network.store.parameters.some(({ latent }) => latent)).toBe(false);
    network.dispose();
  });

  it('takes an image of 224×224 through a stem of 7×7 and max pooling', () => {
    const network = createNetwork('resnet18', { classes, size: [224, 224] });
    expect(network.sizeOf(1, [224, 224])).toEqual([56, 56]);
    expect(network.store.named().get('stem.conv.filter')!.shape).toEqual([7, 7, 3, 64]);
    network.dispose();
  });

  it('tells the families apart', () => {
    expect(['resnet20', 'bnn-resnet20', 'resnet19'].map(isFullPrecision)).toEqual([true, false, false]);
    expect(() => createNetwork('resnet19', { classes })).toThrow(/resnet19/);
    expect(
      () => new ResNet('x', depths['basic blocks'], { classes, activation: 'gelu' as Activation }),
    ).toThrow("the activation is 'gelu'; expected one of relu, leakyClip, hardClamp.");
  });
});

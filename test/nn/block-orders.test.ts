import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { attentionNames } from '../../src/nn/attention/attention.js';
import { blockFactory } from '../../src/nn/block.js';
import { orderNames } from '../../src/nn/block-orders.js';
import type { downsampleNames } from '../../src/nn/downsample.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { byBackpropagation } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { applyBlock } from './apply-block.js';
import { PlainBlock, plainBlock } from './plain-blocks.js';

const sizes = {
  identity: { size: { inputs: 6, outputs: 6, stride: 1 }, side: [4, 5] },
  wider: { size: { inputs: 4, outputs: 7, stride: 1 }, side: [4, 4] },
  halved: { size: { inputs: 4, outputs: 8, stride: 2 }, side: [6, 6] },
  'odd halved': { size: { inputs: 4, outputs: 8, stride: 2 }, side: [7, 5] },
} as const;
type SizeName = keyof typeof sizes;

interface Kind {
  readonly order: (typeof orderNames)[number];
  readonly attention: string;
  readonly downsample: (typeof downsampleNames)[number];
  readonly name: SizeName;
  readonly groups?: number;
}

const kinds: Kind[] = [
  ...orderNames.flatMap((order) =>
    (Object.keys(sizes) as SizeName[]).map((name): Kind => ({
      order,
      attention: 'none',
      downsample: 'v1',
      name,
    })),
  ),
  ...attentionNames.flatMap((attention) =>
    (Object.keys(sizes) as SizeName[]).map((name): Kind => ({
      order: 'binary',
      attention,
      downsample: 'v2',
      name,
    })),
  ),
  ...(['biReal', 'reActNet', 'realToBinary'] as const).map((order): Kind => ({
    order,
    attention: 'se',
    downsample: 'v1',
    name: 'halved',
  })),
  { order: 'binary', attention: 'none', downsample: 'v2', name: 'odd halved' },
  ...orderNames.map((order): Kind => ({
    order,
    attention: 'none',
    downsample: 'v1',
    name: 'identity',
    groups: 3,
  })),
  { order: 'binary', attention: 'none', downsample: 'v1', name: 'halved', groups: 2 },
  { order: 'binary', attention: 'none', downsample: 'v2', name: 'odd halved', groups: 4 },
  { order: 'reActNet', attention: 'se', downsample: 'v1', name: 'halved', groups: 2 },
];

describe.each(backends)('blocks on %s against a plain composition', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(kinds)(
    'order $order, attention $attention, downsampling $downsample, $name, groups $groups',
    ({ order, attention, downsample, name, groups = 1 }) => {
      const { size, side } = sizes[name];
      const { numTensors } = tf.memory();
      const store = new ParameterStore(5);
      const block = blockFactory(order)(store.root, size, { attention, downsample, groups });
      // Away from where they start, so that every one counts.
      for (const [i, { variable }] of store.parameters.entries())
        if (variable.rank === 1)
          tf.tidy(() => {
            variable.assign(
              tf.add(variable, tf.tensor1d(randomFloats(variable.size, 30 + i).map((v) => v / 3))),
            );
          });
      const shape = [side[0], side[1], 3, size.inputs] as [number, number, number, number];
      const values = randomFloats(
        shape.reduce((a, b) => a * b),
        7,
      );
      const x = tf.tidy(() => tf.variable(tf.tensor4d(values, shape)));
      const variables = [x as tf.Variable, ...store.parameters.map(({ variable }) => variable)];
      const weighed = (y: tf.Tensor4D): tf.Scalar =>
        tf.sum(tf.mul(y, tf.tensor4d(randomFloats(y.size, 9), y.shape)));
      let value: number[] = [];
      const ours = byBackpropagation(() => {
        const y = applyBlock(block, x as tf.Tensor as tf.Tensor4D, true);
        value = [...y.dataSync()];
        return weighed(y);
      }, variables);
      tf.tidy(() => {
        const plain = new PlainBlock(store.named(), size.stride, groups);
        const expected = plainBlock(plain, x as tf.Tensor as tf.Tensor4D, { order, attention, downsample });
        expectGoldenValues(value, [...expected.dataSync()]);
        const { grads } = tf.variableGrads(
          () => weighed(plainBlock(plain, x as tf.Tensor as tf.Tensor4D, { order, attention, downsample })),
          variables,
        );
        for (const variable of variables) {
          const path = store.parameters.find((p) => p.variable === variable)?.name ?? 'x';
          expect(ours.gradients.get(variable), path).toBeDefined();
          expectGoldenGradient(ours.gradients.get(variable)!, [...grads[variable.name].dataSync()]);
        }
      });
      // Each picture on its own in evaluation.
      tf.tidy(() => {
        const y = applyBlock(block, x as tf.Tensor as tf.Tensor4D, false);
        const first = applyBlock(
          block,
          tf.slice(x as tf.Tensor as tf.Tensor4D, [0, 0, 0, 0], [-1, -1, 1, -1]),
          false,
        );
        expectGoldenValues(first.dataSync(), [...tf.slice(y, [0, 0, 0, 0], [-1, -1, 1, -1]).dataSync()]);
      });
      x.dispose();
      store.dispose();
      expect(tf.memory().numTensors).toBe(numTensors);
    },
  );
});

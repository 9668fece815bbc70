import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { attentionNames } from '../../src/nn/attention/registry.js';
import type { Block } from '../../src/nn/blocks/block.js';
import { bottleneck } from '../../src/nn/blocks/bottleneck.js';
import { blockNames, createBlock } from '../../src/nn/blocks/registry.js';
import { ParameterStore, type Scope } from '../../src/nn/parameters.js';
import { backends, useTestBackend } from '../backends.js';
import { byBackpropagation } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { applyBlock } from './apply-block.js';

const shape: [number, number, number, number] = [4, 4, 3, 4];
const size = { inputs: 4, outputs: 8, stride: 2 };
const kinds: readonly { readonly title: string; readonly make: (scope: Scope) => Block }[] = [
  ...blockNames.flatMap((block) =>
    ['double', 'single'].map((skip) => ({
      title: `${block}, ${skip} skip`,
      make: (scope: Scope) => createBlock(block, scope, size, { skip: skip as 'double' }),
    })),
  ),
  ...attentionNames.map((attention) => ({
    title: `attention ${attention}`,
    make: (scope: Scope) => createBlock('realToBinary', scope, size, { attention }),
  })),
  { title: 'bottleneck', make: (scope) => bottleneck(scope, { ...size, planes: 2 }) },
];

// The straight-through estimator gives latent weights, and all that comes before a sign, gradients that are no
// slopes.
const isSmooth = (title: string, name: string): boolean =>
  !name.startsWith('first.') &&
  (/attention|shortcut|prelu/.test(name) ||
    (/biReal|reActNet/.test(title) && /^(second\.)?bn/.test(name)) ||
    (title === 'bottleneck' && name.startsWith('bn.')));

describe.each(kinds)('the gradients of a block, $title', ({ title, make }) => {
  beforeAll(() => useTestBackend(backends.at(-1)!));

  it('equal finite differences where the block is smooth', () => {
    const store = new ParameterStore(3);
    const block = make(store.root);
    const x = tf.tensor4d(randomFloats(4 * 4 * 3 * 4, 7), shape);
    const weights = randomFloats(2 * 2 * 3 * 8, 9);
    const loss = (): tf.Scalar =>
      tf.tidy(() => {
        const y = applyBlock(block, x, true);
        return tf.sum(tf.mul(y, tf.tensor4d(weights, y.shape)));
      });
    const checked = store.parameters.filter(({ name }) => isSmooth(title, name));
    expect(checked.length).toBeGreaterThan(0);
    const { gradients } = byBackpropagation(
      loss,
      checked.map(({ variable }) => variable),
    );
    for (const { name, variable } of checked) {
      const gradient = gradients.get(variable)!;
      const values = variable.dataSync().slice();
      const at = (i: number, value: number): number => {
        const moved = values.slice();
        moved[i] = value;
        return tf.tidy(() => {
          variable.assign(tf.tensor(moved, variable.shape));
          return loss().dataSync()[0];
        });
      };
      const step = 1e-3;
      for (let i = 0; i < Math.min(values.length, 5); i++) {
        const slope = (at(i, values[i] + step) - at(i, values[i] - step)) / (2 * step);
        const largest = Math.max(...gradient.map(Math.abs), 0.1);
        expect(Math.abs(slope - gradient[i]), `${name}[${i}]`).toBeLessThan(0.02 * largest);
      }
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    }
    x.dispose();
    store.dispose();
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { Block } from '../../src/nn/blocks/block.js';
import { ParameterStore, type Scope } from '../../src/nn/parameters.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { byBackpropagation } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { applyBlock } from './apply-block.js';
import type { Named } from './plain-blocks.js';

/**
 * Expects that in training a block has the value and all gradients of a plain composition, that in evaluation images do
 * not influence each other, and that no tensor is left behind.
 *
 * @param shape of its input, position-major
 */
export function expectPlainBlock(
  make: (scope: Scope) => Block,
  shape: [number, number, number, number],
  plain: (named: Named, x: tf.Tensor4D) => tf.Tensor4D,
): void {
  const { numTensors } = tf.memory();
  const store = new ParameterStore(5);
  const block = make(store.root);
  // Parameters that differ from their start, so that each of them matters.
  for (const [i, { variable }] of store.parameters.entries())
    if (variable.rank === 1)
      tf.tidy(() => {
        variable.assign(tf.add(variable, tf.tensor1d(randomFloats(variable.size, 30 + i).map((v) => v / 3))));
      });
  const values = randomFloats(
    shape.reduce((a, b) => a * b),
    7,
  );
  const input = tf.tidy(() => tf.variable(tf.tensor4d(values, shape)));
  const x = input as tf.Tensor as tf.Tensor4D;
  const variables = [input as tf.Variable, ...store.parameters.map(({ variable }) => variable)];
  const weighed = (y: tf.Tensor4D): tf.Scalar =>
    tf.sum(tf.mul(y, tf.tensor4d(randomFloats(y.size, 9), y.shape)));
  let value: number[] = [];
  const ours = byBackpropagation(() => {
    const y = applyBlock(block, x, true);
    value = [...y.dataSync()];
    return weighed(y);
  }, variables);
  tf.tidy(() => {
    const named = store.named();
    expectGoldenValues(value, [...plain(named, x).dataSync()]);
    const { grads } = tf.variableGrads(() => weighed(plain(named, x)), variables);
    for (const variable of variables) {
      const path = store.parameters.find((p) => p.variable === variable)?.name ?? 'x';
      expect(ours.gradients.get(variable), path).toBeDefined();
      expectGoldenGradient(ours.gradients.get(variable)!, [...grads[variable.name].dataSync()]);
    }
  });
  tf.tidy(() => {
    const y = applyBlock(block, x, false);
    const first = applyBlock(block, tf.slice(x, [0, 0, 0, 0], [-1, -1, 1, -1]), false);
    expectGoldenValues(first.dataSync(), [...tf.slice(y, [0, 0, 0, 0], [-1, -1, 1, -1]).dataSync()]);
  });
  input.dispose();
  store.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);
}

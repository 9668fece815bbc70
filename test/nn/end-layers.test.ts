import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ActivationObserver } from '../../src/nn/activation-observer.js';
import { type BinaryOperands, binaryOperandNames } from '../../src/nn/binary-operands.js';
import { classifier, firstConv } from '../../src/nn/end-layers.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { SignGradient, type SignGradientName } from '../../src/nn/sign-gradient.js';
import { approxSign, edeSign, hardClamp, signSte } from '../../src/ops/activations.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { byBackpropagation, byVariableGrads } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { binaryWeights, PlainBlock } from './plain-blocks.js';

const signs: Readonly<Record<SignGradientName, (v: tf.Tensor2D) => tf.Tensor2D>> = {
  ste: signSte,
  approxSign,
  ede: (v) => edeSign(v, 10),
};
const hasWeights = (binary: BinaryOperands): boolean => binary === 'both' || binary === 'weights';
const hasInputs = (binary: BinaryOperands): boolean => binary === 'both' || binary === 'activations';

const classifiers = binaryOperandNames.flatMap((binary) =>
  (hasInputs(binary) ? (['ste', 'approxSign', 'ede'] as const) : (['ste'] as const)).map((signGradient) => ({
    binary,
    signGradient,
  })),
);

/** Random parameters beyond the window of the estimators. */
function randomise({ parameters }: ParameterStore): void {
  parameters.forEach(({ variable }, i) =>
    tf.tidy(() =>
      variable.assign(
        tf.tensor(
          randomFloats(variable.size, 20 + i).map((v) => 1.4 * v),
          variable.shape,
        ),
      ),
    ),
  );
}

const weighed = (y: tf.Tensor): tf.Scalar => tf.sum(tf.mul(y, tf.tensor(randomFloats(y.size, 9), y.shape)));

/** Expects the same value and gradients of both, and that no tensor is left. */
function expectSame(
  variables: readonly tf.Variable[],
  actual: () => tf.Tensor,
  expected: () => tf.Tensor,
): void {
  const { numTensors } = tf.memory();
  tf.tidy(() => expectGoldenValues(actual().dataSync(), [...expected().dataSync()]));
  const wanted = byVariableGrads(() => weighed(expected()), variables);
  const found = byBackpropagation(() => weighed(actual()), variables);
  expect(new Set(found.gradients.keys())).toEqual(new Set(variables));
  for (const [variable, gradient] of wanted.gradients)
    expectGoldenGradient(found.gradients.get(variable)!, [...gradient]);
  expect(tf.memory().numTensors).toBe(numTensors);
}

describe.each(backends)('first and last layers on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(classifiers)('a binary classifier with $binary, $signGradient', ({ binary, signGradient }) => {
    const store = new ParameterStore(1);
    const gradient = new SignGradient(signGradient);
    gradient.moveTo(1);
    const head = classifier(store.root.child('linear'), 37, 5, {
      ...{ kind: 'binary', binary, signGradient: gradient, activations: new ActivationObserver() },
    });
    randomise(store);
    const [latent, bias] = store.parameters.map(({ variable }) => variable);
    const x = tf.tidy(() =>
      tf.variable(
        tf.tensor(
          randomFloats(7 * 37, 3).map((v) => 2 * v),
          [7, 37],
        ),
      ),
    );
    const input = (): tf.Tensor2D => tf.reshape(x, [7, 37]);
    expectSame(
      [x, latent, bias],
      () => head.apply(input(), true),
      () => {
        const operand = hasInputs(binary) ? signs[signGradient](input()) : hardClamp(input());
        const weights = hasWeights(binary) ? binaryWeights(latent) : latent;
        return tf.add(tf.matMul(operand, weights), bias);
      },
    );
    expect(store.parameters.map(({ name, latent: isLatent }) => [name, isLatent])).toEqual([
      ['linear.latent', true],
      ['linear.bias', false],
    ]);
    x.dispose();
    store.dispose();
  });

  it.each(binaryOperandNames)('a binary first convolution with %s sees real-valued images', (binary) => {
    const store = new ParameterStore(1);
    const size = { inputs: 3, outputs: 9, window: 3 };
    const conv = firstConv(store.root.child('conv'), size, { stride: 2, pad: 1 }, { kind: 'binary', binary });
    randomise(store);
    const [latent] = store.parameters.map(({ variable }) => variable);
    const shape: [number, number, number, number] = [6, 5, 4, 3];
    const images = tf.tensor4d(randomFloats(360, 4), shape);
    const plain = new PlainBlock(store.named(), 2);
    expectSame(
      [latent],
      () => conv.apply(images),
      () => {
        const filter = plain.at<tf.Tensor4D>('conv.latent');
        return plain.conv(images, hasWeights(binary) ? binaryWeights(filter) : filter, 2);
      },
    );
    expect(store.parameters.map(({ name, latent: isLatent }) => [name, isLatent])).toEqual([
      ['conv.latent', true],
    ]);
    images.dispose();
    store.dispose();
  });
});

describe('the observer of activations', () => {
  beforeAll(() => useTestBackend('cpu'));

  it('sees what a binary classifier takes, in training', () => {
    const store = new ParameterStore(1);
    const activations = new ActivationObserver();
    const ways = { binary: 'both', signGradient: new SignGradient(), activations } as const;
    const head = classifier(store.root.child('head'), 4, 2, { kind: 'binary', ...ways });
    activations.start();
    tf.tidy(() => void head.apply(tf.tensor2d([[0.5, -2, 3, 0.25]]), true));
    expect(activations.finish().get('head')).toMatchObject({ positiveShare: 0.75, passShare: 0.5 });
    store.dispose();
  });
});

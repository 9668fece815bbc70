import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { hardClamp } from '../../src/ops/activations.js';
import { batchNormClamp, batchNormTraining } from '../../src/ops/batch-norm.js';
import { channelStatistics } from '../../src/ops/channel-statistics.js';
import { binaryFilterConv2d, binaryInputConv2d } from '../../src/ops/half-binary-conv2d.js';
import { backends, useTestBackend } from '../backends.js';
import { type ConvShape, convShape, convTitle } from '../native/shapes.js';
import { expectOperation, expectRefusal, operand, upstreamOf } from './operation-runs.js';
import * as plain from './plain-operations.js';

const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const row = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;
const inputOf = (s: ConvShape): number[] => [s.h, s.w, s.n, s.c];
const filterOf = (s: ConvShape): number[] => [s.kernelH, s.kernelW, s.c, s.k];
const outputOf = (s: ConvShape): number[] => [s.outH, s.outW, s.n, s.k];
const geometryOf = (s: ConvShape): { stride: number; pad: number } => ({ stride: s.strideH, pad: s.padTop });

const above = 1 + 2 ** -23;
const weightEdges = [0, -0, 1, -1, above, -above];
const convolutions = [
  { h: 5, w: 4, n: 2, c: 3, k: 5, kernel: 3, pad: 1 },
  { h: 7, w: 5, n: 17, c: 9, k: 7, kernel: 3, stride: 2, pad: 1 },
  { h: 5, w: 3, n: 2, c: 17, k: 6, kernel: 1, stride: 2 },
  { h: 6, w: 5, n: 2, c: 2, k: 3, kernel: [3, 2] as const },
  { h: 5, w: 7, n: 1, c: 4, k: 1, kernel: 5, stride: 3, pad: 2 },
  { h: 3, w: 3, n: 16, c: 33, k: 17, kernel: 3, pad: 1 },
  { h: 2, w: 1, n: 18, c: 70, k: 40, kernel: 3, pad: 1 },
].map((options) => convShape(options));
const cases = convolutions.map((s) => [convTitle(s), s] as const);

describe.each(backends)('half-binary convolutions on %s against plain formulas', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(cases)('binaryInputConv2d %s', (_, s) => {
    const x = operand(inputOf(s), 1);
    x.values.forEach((value, i) => (x.values[i] = plain.signOf(value)));
    const w = operand(filterOf(s), 2, { scale: 1.5, edges: weightEdges });
    const shape = outputOf(s);
    const { dx, dw } = plain.convolveGradients(s, x.values, w.values, upstreamOf(shape));
    expectOperation((a, b) => binaryInputConv2d(maps(a), maps(b), geometryOf(s)), [x, w], {
      shape,
      value: plain.convolve(s, x.values, w.values),
      gradients: [dx, dw],
    });
  });

  it.each(cases)('binaryFilterConv2d %s', (_, s) => {
    const x = operand(inputOf(s), 3, { edges: [0, 1, -1] });
    const w = operand(filterOf(s), 4, { scale: 1.5, edges: weightEdges });
    const shape = outputOf(s);
    const signs = plain.map(w.values, plain.signOf);
    const alpha = plain.meanMagnitudes(w.values, s.k);
    const scaled = plain.map(upstreamOf(shape), (value, i) => value * alpha[i % s.k]);
    const { dx, dw } = plain.convolveGradients(s, x.values, signs, scaled);
    expectOperation((a, b) => binaryFilterConv2d(maps(a), maps(b), geometryOf(s)), [x, w], {
      shape,
      value: plain.map(plain.convolve(s, x.values, signs), (sum, i) => sum * alpha[i % s.k]),
      gradients: [dx, plain.map(dw, (value, i) => (Math.abs(w.values[i]) <= 1 ? value : 0))],
    });
  });

  it.each([1, 8, 33, 70])('batchNormClamp is hardClamp after batchNormTraining, %i channels', (channels) => {
    const shape = [3, 2, 5, channels];
    const operands = [
      operand(shape, 5),
      operand([channels], 6, { scale: 1.5 }),
      operand([channels], 7, { scale: 0.5 }),
    ];
    const parameters = (gamma: tf.Tensor, beta: tf.Tensor): { gamma: tf.Tensor1D; beta: tf.Tensor1D } => ({
      gamma: row(gamma),
      beta: row(beta),
    });
    const composed = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor =>
      hardClamp(batchNormTraining(x, parameters(gamma, beta), channelStatistics(x)));
    tf.tidy(() => {
      const inputs = operands.map(({ values, shape: of }) => tf.tensor(values, of));
      const dy = tf.tensor(upstreamOf(shape), shape);
      const value = composed(inputs[0], inputs[1], inputs[2]).dataSync();
      const gradients = tf
        .grads(composed)(inputs, dy)
        .map((gradient) => gradient.dataSync());
      expectOperation(
        (x, gamma, beta) => batchNormClamp(x, parameters(gamma, beta), channelStatistics(x)),
        operands,
        { shape, value, gradients },
      );
    });
  });
});

describe('half-binary convolutions refuse operands that do not fit, naming them', () => {
  beforeAll(() => useTestBackend('cpu'));
  const x = (): tf.Tensor4D => tf.zeros([4, 4, 1, 2]);
  const w = (): tf.Tensor4D => tf.zeros([3, 3, 3, 5]);
  const geometry = { stride: 1, pad: 1 };

  it.each<[string, () => unknown]>([
    [
      'binaryInputConv2d: the input has 2 channels and the filter [3, 3, 3, 5] takes 3.',
      () => binaryInputConv2d(x(), w(), geometry),
    ],
    [
      'binaryFilterConv2d: the input has 2 channels and the filter [3, 3, 3, 5] takes 3.',
      () => binaryFilterConv2d(x(), w(), geometry),
    ],
  ])('%s', expectRefusal);
});

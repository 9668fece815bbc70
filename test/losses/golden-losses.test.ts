import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { attentionMatching } from '../../src/losses/attention-matching.js';
import { centerLoss } from '../../src/losses/center-loss.js';
import { featureMatching } from '../../src/losses/feature-matching.js';
import { klDivergence } from '../../src/losses/kl-divergence.js';
import { labelRefinery } from '../../src/losses/label-refinery.js';
import { labelSmoothedCrossEntropy } from '../../src/losses/label-smoothed-cross-entropy.js';
import { backends, useTestBackend } from '../backends.js';
import type { GoldenLoss, GoldenTensor } from '../golden.js';
import { expectGoldenGradient, expectGoldenValues, nhwcFromNchw, readGolden, tensorOf } from '../golden.js';

type Inputs = Record<string, tf.Tensor>;
interface Case {
  /** The inputs that get a gradient. */
  readonly trained: readonly string[];
  readonly loss: (inputs: Inputs, params: GoldenLoss['params']) => tf.Tensor1D;
}

const matrix = (tensor: tf.Tensor): tf.Tensor2D => tensor as tf.Tensor2D;
const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const labels = (inputs: Inputs): tf.Tensor1D => inputs['labels'] as tf.Tensor1D;

const cases: Readonly<Record<string, Case>> = {
  klDivergence: {
    trained: ['student'],
    loss: ({ student, teacher }, { temperature }) =>
      klDivergence(matrix(student), matrix(teacher), temperature === undefined ? {} : { temperature }),
  },
  featureMatching: {
    trained: ['student'],
    loss: ({ student, teacher }) => featureMatching(maps(student), maps(teacher)),
  },
  attentionMatching: {
    trained: ['student'],
    loss: ({ student, teacher }) => attentionMatching(maps(student), maps(teacher)),
  },
  labelSmoothedCrossEntropy: {
    trained: ['student'],
    loss: (inputs, { epsilon }) =>
      labelSmoothedCrossEntropy(
        matrix(inputs['student']),
        labels(inputs),
        epsilon === undefined ? {} : { epsilon },
      ),
  },
  labelRefinery: {
    trained: ['student'],
    loss: ({ student, teacher }) => labelRefinery(matrix(student), matrix(teacher)),
  },
  centerLoss: {
    trained: ['features', 'centers'],
    loss: (inputs) => centerLoss(matrix(inputs['features']), labels(inputs), matrix(inputs['centers'])),
  },
};

const golden = readGolden<GoldenLoss[]>('losses');
const ours = (tensor: GoldenTensor): GoldenTensor =>
  tensor.shape.length === 4 ? nhwcFromNchw(tensor) : tensor;

it('has golden cases of every loss', () => {
  expect([...new Set(golden.map(({ name }) => name))].sort()).toEqual(Object.keys(cases).sort());
});

describe.each(backends)('losses on %s against PyTorch in float64', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(
    golden.map((entry, i) => ({ entry, title: `${entry.name} ${JSON.stringify(entry.params)} (case ${i})` })),
  )('$title', ({ entry }) => {
    tf.tidy(() => {
      const { trained, loss } = cases[entry.name];
      const inputs: Inputs = {};
      for (const [name, tensor] of Object.entries(entry.inputs)) {
        inputs[name] = tensorOf(ours(tensor), name === 'labels' ? 'int32' : 'float32');
      }
      const batch = Object.values(entry.inputs)[0].shape[0];
      expect(loss(inputs, entry.params).shape).toEqual([batch]);

      const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => {
        const given = { ...inputs };
        trained.forEach((name, i) => (given[name] = xs[i]));
        return tf.mean(loss(given, entry.params));
      })(trained.map((name) => inputs[name]));

      expectGoldenValues(value.dataSync(), [entry.value]);
      expect(Object.keys(entry.gradients)).toEqual(trained);
      trained.forEach((name, i) => {
        const reference = ours(entry.gradients[name]);
        expect(grads[i].shape).toEqual(reference.shape);
        expectGoldenGradient(grads[i].dataSync(), reference.values);
      });
    });
  });
});

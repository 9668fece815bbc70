import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createStudent } from '../../src/models/create-network.js';
import { BatchNorm } from '../../src/nn/batch-norm.js';
import type { BinaryOperands } from '../../src/nn/binary-operands.js';
import type { Block } from '../../src/nn/blocks/block.js';
import { createBlock } from '../../src/nn/blocks/registry.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { edeSharpness, SignGradient, type SignGradientName } from '../../src/nn/sign-gradient.js';
import { approxSign, edeSign, signSte } from '../../src/ops/activations.js';
import { batchNormTraining } from '../../src/ops/batch-norm.js';
import { channelStatistics } from '../../src/ops/channel-statistics.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { addPrelu } from '../../src/ops/prelu.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { byBackpropagation, byVariableGrads } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { expectRefusal } from '../ops/operation-runs.js';
import { applyBlock } from './apply-block.js';

const shape: [number, number, number, number] = [5, 4, 6, 9];
const elements = 5 * 4 * 6 * 9;
const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const row = (tensor: tf.Tensor | undefined): tf.Tensor1D => tensor as tf.Tensor1D;

/** Each sign gradient and its operation; for `ede` at several moments of a stage. */
const kinds: readonly { name: SignGradientName; done: number; sign: (v: tf.Tensor4D) => tf.Tensor4D }[] = [
  { name: 'ste', done: 0, sign: signSte },
  { name: 'approxSign', done: 0, sign: approxSign },
  { name: 'ede', done: 0, sign: (v) => edeSign(v, 1e-3) },
  { name: 'ede', done: 0.75, sign: (v) => edeSign(v, 1) },
  { name: 'ede', done: 1, sign: (v) => edeSign(v, 10) },
];

function signGradientOf({ name, done }: (typeof kinds)[number]): SignGradient {
  const signGradient = new SignGradient(name);
  signGradient.moveTo(done);
  return signGradient;
}

/** A block with random parameters. */
function blockOf(
  signGradient: SignGradient,
  binary: BinaryOperands,
  stride = 1,
): { block: Block; store: ParameterStore } {
  const store = new ParameterStore(3);
  const block = createBlock(
    'binary',
    store.root,
    { inputs: 9, outputs: 9, stride },
    { binary, signGradient },
  );
  store.parameters.forEach(({ variable }, i) =>
    tf.tidy(() => variable.assign(tf.tensor(randomFloats(variable.size, i), variable.shape))),
  );
  return { block, store };
}

/** The definition of the block from the operations for one tensor each. */
function composed(
  sign: (v: tf.Tensor4D) => tf.Tensor4D,
  binary: BinaryOperands,
  x: tf.Tensor4D,
  variables: ReadonlyMap<string, tf.Variable>,
): tf.Tensor {
  const affine = { gamma: row(variables.get('bn.gamma')), beta: row(variables.get('bn.beta')) };
  const latent = maps(variables.get('conv.latent')!);
  const input = sign(batchNormTraining(x, affine, channelStatistics(x)));
  const alpha = tf.tensor(tf.mean(tf.abs(latent), [0, 1, 2]).dataSync());
  const filter = binary === 'activations' ? latent : tf.mul<tf.Tensor4D>(signSte(latent), alpha);
  return addPrelu(conv2d(input, filter, { stride: 1, pad: 1 }), x, row(variables.get('prelu.slope')));
}

const runs = kinds.flatMap((kind) =>
  (['both', 'activations'] as const).flatMap((binary) =>
    [byVariableGrads, byBackpropagation].map((differentiate) => ({ ...kind, kind, binary, differentiate })),
  ),
);

describe.each(backends)('sign gradients in a block, on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(runs)('$name at $done of the stage, $binary binary, $differentiate.name', (run) => {
    const { kind, sign, binary, differentiate } = run;
    const { block, store } = blockOf(signGradientOf(kind), binary);
    const x = tf.tidy(() => tf.variable(tf.tensor(randomFloats(elements, 50), shape)));
    const dy = tf.tensor(randomFloats(elements, 51), shape);
    const all = [x, ...store.parameters.map(({ variable }) => variable)];
    const values: number[][] = [];
    const lossOf = (y: tf.Tensor): tf.Scalar => {
      values.push([...y.dataSync()]);
      return tf.sum(tf.mul(y, dy));
    };
    const expected = byVariableGrads(() => lossOf(composed(sign, binary, maps(x), store.named())), all);
    const actual = differentiate(() => lossOf(applyBlock(block, maps(x), true)), all);
    expectGoldenValues(values[1], values[0]);
    for (const [of, gradient] of expected.gradients)
      expectGoldenGradient(actual.gradients.get(of)!, [...gradient]);
    tf.dispose([x, dy]);
    store.dispose();
  });

  it('the gradients differ from one another, the values do not', () => {
    const results = kinds.map((kind) => {
      const { block, store } = blockOf(signGradientOf(kind), 'both', 2);
      const x = tf.tidy(() => tf.variable(tf.tensor(randomFloats(6 * 4 * 6 * 9, 50), [6, 4, 6, 9])));
      let y: number[] = [];
      const { gradients } = byBackpropagation(() => {
        const made = applyBlock(block, maps(x), true);
        y = [...made.dataSync()];
        return tf.sum(tf.square(made));
      }, [x]);
      const running = store.buffers.flatMap(({ variable }) => [...variable.dataSync()]);
      const gradient = [...gradients.get(x)!];
      x.dispose();
      store.dispose();
      return { y, running, gradient };
    });
    for (const { y, running } of results) {
      expectGoldenValues(y, results[0].y);
      expectGoldenValues(running, results[0].running);
    }
    expect(new Set(results.map(({ gradient }) => gradient.join())).size).toBe(kinds.length);
  });

  it('does not matter in evaluation', () => {
    const [ste, ede] = kinds.slice(0, 3).map((kind) => {
      const { block, store } = blockOf(signGradientOf(kind), 'both');
      const values = tf.tidy(() => [
        ...applyBlock(block, tf.tensor4d(randomFloats(elements, 50), shape), false).dataSync(),
      ]);
      store.dispose();
      return values;
    });
    expect(ede).toEqual(ste);
  });

  it.each(kinds.slice(1))('$name at $done leaves no tensors behind', (kind) => {
    const before = tf.memory().numTensors;
    const store = new ParameterStore(1);
    const norm = new BatchNorm(store.root, 9);
    const x = tf.tidy(() => tf.variable(tf.tensor(randomFloats(elements, 5), shape)));
    const variables = [x, norm.gamma, norm.beta];
    const counts = [1, 2, 3].map(() => {
      byBackpropagation(() => tf.sum(signGradientOf(kind).sign(norm, maps(x))), variables);
      return tf.memory().numTensors;
    });
    expect(new Set(counts).size).toBe(1);
    tf.dispose(x);
    store.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('edeSharpness', () => {
  it('goes from 1e-3 to 1e1 in equal ratios over the stage, and stays at its ends', () => {
    const shares = [-1, 0, 0.25, 0.5, 0.75, 1, 2];
    const wanted = [1e-3, 1e-3, 1e-2, 1e-1, 1, 10, 10];
    shares.forEach((done, i) => expect(edeSharpness(done) / wanted[i]).toBeCloseTo(1, 12));
  });
});

describe('refuses', () => {
  it.each<[string, () => unknown]>([
    [
      "the sign gradient 'aproxSign' is unknown; expected one of ste, approxSign, ede.",
      () => new SignGradient('aproxSign' as 'approxSign'),
    ],
    [
      "the sign gradient 'ede' is of binary activations, and with binary 'weights' they are floats.",
      () => createStudent('bnn-resnet20', { classes: 10, binary: 'weights', signGradient: 'ede' }),
    ],
  ])('%s', (message, call) => {
    expectRefusal(message, call);
  });
});

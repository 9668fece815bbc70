import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ActivationObserver } from '../../src/nn/activation-observer.js';
import { attentionNames } from '../../src/nn/attention/registry.js';
import { type BinaryOperands, binaryOperandNames } from '../../src/nn/binary-operands.js';
import type { SkipName } from '../../src/nn/blocks/block.js';
import { bottleneck, type BottleneckSize } from '../../src/nn/blocks/bottleneck.js';
import type { DownsampleName } from '../../src/nn/downsample.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { SignGradient } from '../../src/nn/sign-gradient.js';
import { backends, useTestBackend } from '../backends.js';
import { applyBlock } from './apply-block.js';
import { expectPlainBlock } from './expect-plain-block.js';
import { approximateSign, plainBottleneck, sign } from './plain-blocks.js';

const of = (inputs: number, stride: number): BottleneckSize => ({ inputs, outputs: 12, planes: 3, stride });

const sizes = {
  identity: { size: of(12, 1), side: [4, 5] },
  'stride 1 with a branch': { size: of(5, 1), side: [4, 5] },
  'one row with a branch': { size: of(5, 1), side: [1, 3] },
  'halved from any channels': { size: of(7, 2), side: [6, 4] },
  'halved with as many channels': { size: of(12, 2), side: [6, 6] },
  'odd halved': { size: of(7, 2), side: [7, 5] },
} as const;
type SizeName = keyof typeof sizes;

interface Kind {
  readonly name: SizeName;
  readonly skip: SkipName;
  readonly attention: string;
  readonly downsample: DownsampleName;
  readonly binary: BinaryOperands;
  readonly signGradient: 'ste' | 'approxSign';
  /** Of the 3×3 convolution. */
  readonly groups: number;
}

const usual = {
  skip: 'double',
  attention: 'none',
  downsample: 'v1',
  binary: 'both',
  signGradient: 'ste',
  groups: 1,
} as const;
const some: readonly SizeName[] = ['identity', 'stride 1 with a branch', 'odd halved'];

const kinds: Kind[] = [
  ...(Object.keys(sizes) as SizeName[]).map((name): Kind => ({ ...usual, name })),
  ...some.flatMap((name): Kind[] => [
    { ...usual, name, skip: 'single' },
    { ...usual, name, groups: 3 },
    { ...usual, name, downsample: 'v2' },
    { ...usual, name, signGradient: 'approxSign' },
    ...binaryOperandNames
      .filter((binary) => binary !== usual.binary)
      .map((binary) => ({ ...usual, name, binary })),
  ]),
  // The attention is on the convolution of stride 1 alone.
  ...(['identity', 'halved from any channels'] as const).flatMap((name) =>
    attentionNames.map((attention): Kind => ({ ...usual, name, attention })),
  ),
];

describe.each(backends)('a bottleneck on %s against a plain composition', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(kinds)(
    '$name, skip $skip, attention $attention, downsampling $downsample, binary $binary, $signGradient, groups $groups',
    ({ name, signGradient, ...options }) => {
      const { size, side } = sizes[name];
      const ways = { ...options, signGradient: new SignGradient(signGradient) };
      const plain = {
        ...options,
        stride: size.stride,
        sign: signGradient === 'ste' ? sign : approximateSign,
      };
      expectPlainBlock(
        (scope) => bottleneck(scope, size, ways),
        [side[0], side[1], 3, size.inputs],
        (named, x) => plainBottleneck(named, x, plain),
      );
    },
  );

  it.each(Object.values(sizes))('leaves no tensor but its output: $size', ({ size, side }) => {
    const store = new ParameterStore(1);
    const block = bottleneck(store.root, size);
    const x = tf.randomNormal<tf.Rank.R4>([side[0], side[1], 2, size.inputs], 0, 1, 'float32', 3);
    for (const training of [true, false]) {
      const { numTensors } = tf.memory();
      const y = applyBlock(block, x, training);
      expect(tf.memory().numTensors).toBe(numTensors + 1);
      y.dispose();
    }
    x.dispose();
    store.dispose();
  });

  it('shows the activations of its three convolutions to an observer that is on', () => {
    const store = new ParameterStore(1);
    const activations = new ActivationObserver();
    const block = bottleneck(store.root.child('blocks').child('2'), of(12, 1), { activations });
    const look = (): void => {
      tf.tidy(() => void applyBlock(block, tf.randomNormal([4, 4, 2, 12], 0, 1, 'float32', 3), true));
    };
    look();
    expect([...activations.finish().keys()]).toEqual([]);
    activations.start();
    look();
    expect([...activations.finish().keys()]).toEqual(
      ['first', 'second', 'third'].map((part) => `blocks.2.${part}.conv`),
    );
    store.dispose();
  });
});

describe('the parameters of a bottleneck', () => {
  beforeAll(() => useTestBackend('cpu'));

  const own = {
    'first.bn.gamma': [12],
    'first.bn.beta': [12],
    'first.conv.latent': [1, 1, 12, 3],
    'second.bn.gamma': [3],
    'second.bn.beta': [3],
    'second.conv.latent': [3, 3, 3, 3],
    'third.bn.gamma': [3],
    'third.bn.beta': [3],
    'third.conv.latent': [1, 1, 3, 12],
    'bn.gamma': [12],
    'bn.beta': [12],
  };
  const branch = {
    'shortcut.conv.filter': [1, 1, 12, 12],
    'shortcut.bn.gamma': [12],
    'shortcut.bn.beta': [12],
    'prelu.slope': [12],
  };

  it.each([
    { title: 'no PReLU where the shortcut is the identity', stride: 1, expected: own },
    {
      title: 'PReLU where the shortcut has a branch, of the same channels too',
      stride: 2,
      expected: { ...own, ...branch },
    },
  ])('have $title', ({ stride, expected }) => {
    const store = new ParameterStore(1);
    bottleneck(store.root, of(12, stride));
    expect(Object.fromEntries(store.parameters.map(({ name, variable }) => [name, variable.shape]))).toEqual(
      expected,
    );
    expect(store.parameters.filter(({ latent }) => latent)).toHaveLength(3);
    store.dispose();
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Block, BlockOptions, BlockSize } from '../../src/nn/blocks/block.js';
import { bottleneck } from '../../src/nn/blocks/bottleneck.js';
import {
  BinaryBlock,
  BinaryBottleneck,
  ComposedBlock,
  type PendingBlock,
} from '../../src/nn/blocks/deprecated-blocks.js';
import { blockFactory, createBlock, registerBlock } from '../../src/nn/blocks/registry.js';
import { createStudent } from '../../src/models/create-network.js';
import { ParameterStore, type Scope } from '../../src/nn/parameters.js';
import { backends, useTestBackend } from '../backends.js';
import { byBackpropagation } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { expectRefusal } from '../ops/operation-runs.js';
import { applyBlock } from './apply-block.js';

const size = { inputs: 4, outputs: 4, stride: 1 };
const shape: [number, number, number, number] = [3, 5, 2, 4];
const map = (): tf.Tensor4D => tf.tensor4d(randomFloats(120, 7), shape);
let names = 0;

/** Registers a block under a new name. */
function registered(
  factory: (scope: Scope, size: BlockSize, options: BlockOptions) => Block | PendingBlock,
): string {
  const name = `own-${names++}`;
  registerBlock(name, factory);
  return name;
}

/** Values, gradients and evaluation of a block, as numbers. */
function numbersOf(make: (scope: Scope) => Block): number[][] {
  const store = new ParameterStore(3);
  const block = make(store.root);
  const x = tf.tidy(() => tf.variable(map()));
  let value: number[] = [];
  const { gradients } = byBackpropagation(() => {
    const y = applyBlock(block, x as tf.Tensor as tf.Tensor4D, true);
    value = [...y.dataSync()];
    return tf.sum(tf.square(y));
  }, [x, ...store.parameters.map(({ variable }) => variable)]);
  const evaluated = tf.tidy(() => [...applyBlock(block, map(), false).dataSync()]);
  x.dispose();
  store.dispose();
  return [value, ...[...gradients.values()].map((gradient) => [...gradient]), evaluated];
}

describe.each(backends)('a block of your own on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each([
    {
      title: 'need not dispose of its intermediate tensors',
      forward: (x: tf.Tensor4D) => tf.add<tf.Tensor4D>(tf.mul(x, 2), tf.square(x)),
    },
    { title: 'may give its input', forward: (x: tf.Tensor4D) => x },
  ])('$title', ({ forward }) => {
    const { numTensors } = tf.memory();
    const block = blockFactory(registered(() => ({ forward })))(new ParameterStore(0).root, size, {});
    const x = map();
    for (const training of [true, false]) {
      const { map: y, slope } = block.run({ map: x, slope: undefined }, { training });
      expect(slope).toBeUndefined();
      expect([...y.dataSync()]).toEqual(tf.tidy(() => [...forward(x).dataSync()]));
      y.dispose();
    }
    x.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('is told whether it trains', () => {
    const seen: boolean[] = [];
    const name = registered(() => ({
      forward: (x, { training }) => {
        seen.push(training);
        return x;
      },
    }));
    numbersOf((scope) => createBlock(name, scope, size));
    expect(seen).toEqual([true, false]);
  });

  it.each<{ title: string; forward: () => unknown; got: string }>([
    { title: 'a map of other channels', forward: () => tf.ones([3, 5, 2, 5]), got: '[3, 5, 2, 5]' },
    { title: 'nothing', forward: () => undefined, got: 'undefined' },
  ])('is refused where it gives $title', ({ forward, got }) => {
    const name = registered(() => ({ forward: forward as Block['forward'] }));
    expectRefusal(
      `the block '${name}' must give a map [3, 5, 2, 4] for an input [3, 5, 2, 4], got ${got}.`,
      () => applyBlock(createBlock(name, new ParameterStore(0).root, size), map(), true),
    );
  });

  it('may not take the name of a block of this package', () => {
    expectRefusal("the block 'biReal' belongs to this package.", () =>
      registerBlock('biReal', () => ({ forward: (x) => x })),
    );
  });
});

// What was written for version 0.1 works until 0.3.
describe('the form of blocks before 0.2', () => {
  beforeAll(() => useTestBackend(backends.at(-1)!));

  const planes = { ...size, planes: 2 };
  const pending = (block: PendingBlock): Block => {
    const name = registered(() => block);
    return createBlock(name, new ParameterStore(0).root, size);
  };
  const relu = (x: tf.Tensor4D): tf.Tensor4D => tf.relu(x);

  it.each<{ title: string; old: (scope: Scope) => Block; now: (scope: Scope) => Block }>([
    {
      title: 'an object with apply',
      old: () =>
        pending({ takesPending: false, apply: ({ map: x }) => ({ map: relu(x), slope: undefined }) }),
      now: () => ({ forward: relu }),
    },
    {
      title: 'slopes that are left to the next block',
      old: () =>
        pending({
          takesPending: true,
          apply: ({ map: x }) => ({ map: tf.mul(x, 1), slope: tf.fill([4], 0.25) }),
        }),
      now: () => ({ forward: (x) => tf.leakyRelu(x, 0.25) }),
    },
    {
      title: 'BinaryBlock',
      old: (scope) => pending(new BinaryBlock(scope, size)),
      now: (scope) => createBlock('binary', scope, size),
    },
    {
      title: 'BinaryBottleneck',
      old: (scope) => pending(new BinaryBottleneck(scope, planes)),
      now: (scope) => bottleneck(scope, planes),
    },
    {
      title: 'ComposedBlock',
      old: (scope) => {
        const order = {
          body: (x: tf.Tensor4D) => tf.mul<tf.Tensor4D>(x, 2),
          finish: (body: tf.Tensor4D, shortcut?: tf.Tensor4D) =>
            shortcut ? tf.sub<tf.Tensor4D>(body, shortcut) : tf.square(body),
        };
        return pending(new ComposedBlock([order, order], scope, size, {}));
      },
      now: () => ({ forward: (x) => tf.sub(tf.mul(tf.square(tf.mul(x, 2)), 2), x) }),
    },
  ])('$title gives what it gave', ({ old, now }) => {
    const [was, is] = [old, now].map(numbersOf);
    expect(was).toEqual(is);
  });

  it('keeps BinaryBlocks in a chain: one leaves its PReLU to the next', () => {
    const store = new ParameterStore(0);
    const block = blockFactory(registered((scope, of, options) => new BinaryBlock(scope, of, options)));
    const [first, halving] = [size, { ...size, stride: 2 }].map((of, i) =>
      block(store.root.child(String(i)), of, {}),
    );
    expect([first.takesPreActivation, halving.takesPreActivation]).toEqual([true, false]);
    tf.tidy(() => {
      const { slope } = first.run({ map: map(), slope: undefined }, { training: true });
      expect(slope).toBe(store.named().get('0.prelu.slope'));
    });
    store.dispose();
  });

  it('reads and is given the setting binarise', () => {
    const given: (string | undefined)[] = [];
    const block = registered((scope, of, { binarise, binary }) => {
      given.push(binarise, binary);
      return createBlock('binary', scope, of, { binarise: binarise! });
    });
    const [old, now] = [{ binarise: 'weights' } as const, { binary: 'weights' } as const].map((ways) =>
      createStudent('bnn-resnet20', { classes: 2, ...ways, block }),
    );
    expect([old.binary, old.binarise, now.binarise]).toEqual(['weights', 'weights', 'weights']);
    expect(old.metadata).toEqual({ block, binarise: 'weights' });
    expect(new Set(given)).toEqual(new Set(['weights']));
    for (const student of [old, now]) student.dispose();
  });
});

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { readSafetensors } from '../../src/files/safetensors.js';
import { NonFiniteLoss, nonFinitePart } from '../../src/training/non-finite.js';
import { runToEnd } from '../run/one-stage.js';
import { stagedRuns } from '../run/staged-runs.js';

const { fresh, staged } = stagedRuns();

it.each([
  [1, { a: 2 }, undefined],
  [NaN, { a: 2, b: Infinity }, "the loss term 'b' is Infinity"],
  [-Infinity, { a: 2 }, 'the loss is -Infinity'],
])('of loss %d and terms %j says %s', (loss, terms, said) => {
  expect(nonFinitePart(loss, terms)).toBe(said);
});

it('a run whose weights run away ends, and keeps the batch', async () => {
  const out = fresh();
  const { numTensors } = tf.memory();
  const recipe = staged({ batchSize: 20, optimizer: { name: 'sgd', lr: 1e30, momentum: 0 } });
  const failure: unknown = await runToEnd(recipe, { out }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NonFiniteLoss);
  const {
    message,
    fix,
    place: { batch },
  } = failure as NonFiniteLoss;
  expect(message).toMatch(
    /^the loss term '\w+' is (NaN|-?Infinity) at step [234] of epoch 1(, and the first activations .*)?\.$/,
  );
  const path = join(out, 'non-finite-batch.safetensors');
  expect(fix).toContain(`; its batch is in ${path}`);
  const { tensors, metadata } = await readSafetensors(path);
  expect(metadata).toEqual({ view: '0' });
  expect(tensors.get('images')).toEqual({ shape: [20, 32, 32, 3], values: batch.images });
  expect([...tensors.get('labels')!.values]).toEqual([...batch.labels]);
  expect([...tensors.get('indices')!.values]).toEqual([...batch.indices]);
  expect(tf.memory().numTensors).toBe(numTensors);
});

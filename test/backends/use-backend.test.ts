import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { nativeAddon } from '../../src/backends/native/addon.js';
import { useBackend } from '../../src/backends/use-backend.js';
import { InputError } from '../../src/errors.js';
import { backends } from '../backends.js';

async function failure(work: Promise<unknown>): Promise<InputError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

describe('useBackend', () => {
  it.each(backends)('makes %s the current one, without a word', async (name) => {
    await useBackend(name, { threads: 1 });
    expect(tf.getBackend()).toBe(name);
    const sum = tf.tidy(() => tf.sum(tf.tensor1d([1, 2, 3])).dataSync()[0]);
    expect(sum).toBe(6);
  });

  it.skipIf(!backends.includes('native'))(
    'sets the threads of the native kernels (needs the addon)',
    async () => {
      for (const threads of [1, 3, 2]) {
        await useBackend('native', { threads });
        expect(nativeAddon().threads()).toBe(threads);
      }
    },
  );

  it('names the nearest known backend', async () => {
    const { message, nearest } = await failure(useBackend('natve'));
    expect(message).toBe("the backend 'natve' is unknown; expected one of native, cpu, tensorflow.");
    expect(nearest).toEqual(['native']);
  });

  it.each([0, -1, 1.5, NaN])('refuses %d threads', async (threads) => {
    expect((await failure(useBackend('cpu', { threads }))).message).toBe(
      `the number of threads must be a whole number from 1, got ${threads}.`,
    );
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type NativeBackend, wordsPerRow } from '../../src/backends/native/native-backend.js';
import { filterSignsKernel } from '../../src/ops/binary-conv2d.js';
import { backends, useTestBackend } from '../backends.js';

const built = backends.includes('native');

describe.skipIf(!built)('the native backend (needs the addon)', () => {
  let native: NativeBackend;
  beforeAll(async () => {
    await useTestBackend('native');
    native = tf.backend() as NativeBackend;
  });
  beforeEach(() => {
    expect(native.pool.usedBytes).toBe(0);
  });

  /** A tensor in pooled memory: the result of a kernel. */
  const pooled = (size: number, value: number): tf.Tensor1D =>
    tf.tidy(() => tf.add<tf.Tensor1D>(tf.fill([size], value), 1));

  it('gives copies of values, which outlive their tensor and do not lead back into it', () => {
    const tensor = pooled(4096, 1);
    const read = tensor.dataSync();
    read[0] = 99;
    expect(tensor.dataSync()[0]).toBe(2);
    tensor.dispose();
    // The same memory now holds something else.
    const next = pooled(4096, 6);
    expect(read[1]).toBe(2);
    expect(next.dataSync()[1]).toBe(7);
    next.dispose();
  });

  it('takes memory with a tensor and returns it with its last reference', () => {
    const tensor = pooled(4096, 1);
    expect(native.pool.usedBytes).toBe(4096 * 4);
    const view = tf.reshape(tensor, [64, 64]);
    expect(native.pool.usedBytes).toBe(4096 * 4);
    tensor.dispose();
    expect(native.pool.usedBytes).toBe(4096 * 4);
    expect(view.dataSync()[4095]).toBe(2);
    view.dispose();
    expect(native.pool.usedBytes).toBe(0);
  });

  it('takes none for small tensors', () => {
    const small = pooled(511, 1);
    expect(native.pool.usedBytes).toBe(0);
    const large = pooled(512, 1);
    expect(native.pool.usedBytes).toBe(4096);
    tf.dispose([small, large]);
  });

  it('takes the memory of a tensor that nobody else refers to for a result in place', () => {
    const alone = pooled(4096, 1);
    const inPlace = native.outputInPlaceOf(alone);
    expect(inPlace.info.dataId).toBe(alone.dataId);
    expect(native.pool.usedBytes).toBe(4096 * 4);
    native.disposeData(inPlace.info.dataId);
    const clone = tf.clone(alone);
    const elsewhere = native.outputInPlaceOf(alone);
    expect(elsewhere.info.dataId).not.toBe(alone.dataId);
    expect(native.pool.usedBytes).toBe(2 * 4096 * 4);
    native.disposeData(elsewhere.info.dataId);
    tf.dispose([alone, clone]);
  });

  it.each([1, 31, 32, 33, 64, 70])('reads packed signs of %i channels as ±1 floats', (channels) => {
    const values = Float32Array.from({ length: 3 * 3 * 5 * channels }, (_, i) => Math.sin(7 * i));
    // Both zeros are +1.
    values.set([0, -0].slice(0, values.length));
    const w = tf.tensor4d(values, [3, 3, 5, channels]);
    const [signs, scale] = filterSignsKernel({ w }, {});
    expect(signs.shape).toEqual([3, 3, 5, channels]);
    native.withPackedSigns(signs, (packed) => {
      expect(packed).toMatchObject({ rows: 45, channels });
      expect(packed.words).toHaveLength(45 * wordsPerRow(channels));
      for (let row = 0; row < packed.rows; row++) {
        for (let bit = 0; bit < 32 * wordsPerRow(channels); bit++) {
          const word = packed.words[row * wordsPerRow(channels) + (bit >> 5)];
          const expected = bit < channels && values[row * channels + bit] >= 0 ? 1 : 0;
          expect((word >>> (bit & 31)) & 1).toBe(expected);
        }
      }
    });
    const floats = signs.dataSync<'float32'>();
    expect(floats).toEqual(values.map((value) => (value >= 0 ? 1 : -1)));
    // Stock kernels read them too.
    const sum = tf.sum(signs);
    expect(sum.dataSync()[0]).toBe(floats.reduce((total, value) => total + value, 0));
    tf.dispose([w, signs, scale, sum]);
  });

  it('packs the signs of floats for as long as they are used', () => {
    const x = tf.tensor2d(
      Float32Array.from({ length: 4 * 40 }, (_, i) => (i % 3) - 1),
      [4, 40],
    );
    const words = native.withPackedSigns(x, ({ words: packed }) => {
      expect(native.pool.usedBytes).toBeGreaterThan(0);
      return packed.slice();
    });
    expect(native.pool.usedBytes).toBe(0);
    // −1, 0, +1, −1, …: bits 0, 1, 1, 0, …
    expect(words[0] & 0b111111).toBe(0b110110);
    expect(words[1] >>> 8).toBe(0);
    x.dispose();
  });
});

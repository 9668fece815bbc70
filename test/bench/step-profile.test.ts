import { describe, expect, it } from 'vitest';
import { profileOf } from '../../bench/support/step-profile.js';
import { nativeAddon } from '../../src/backends/native/addon.js';
import { squareShape } from '../../src/backends/native/kernels/registration.js';

describe('the profile of a step', () => {
  it('divides the wall time of several steps among kernels and engine', () => {
    const times = [
      { name: 'small', calls: 2, ms: 6 },
      { name: 'large', calls: 4, ms: 40 },
    ];
    expect(profileOf(times, 2, 50)).toEqual({
      stepMs: 25,
      kernels: [
        { name: 'large', calls: 2, ms: 20, percent: 80 },
        { name: 'small', calls: 1, ms: 3, percent: 12 },
      ],
      engine: { ms: 2, percent: 8 },
    });
  });
});

describe('the timing of kernels', () => {
  const addon = nativeAddon();
  const floats = (count: number): Float32Array => new Float32Array(count).fill(1);
  const add = (): void =>
    addon.elementwise({ operation: 'add', size: 2, yPeriod: 0, x: floats(2), y: floats(2), out: floats(2) });

  it.each<[shapes: boolean, name: string, call: () => void]>([
    [false, 'elementwise', add],
    [true, 'elementwise add 2', add],
    [
      true,
      'elementwise multiply 4, period 2',
      () =>
        addon.elementwise({
          ...{ operation: 'multiply', size: 4, yPeriod: 2, x: floats(4), y: floats(2), out: floats(4) },
        }),
    ],
    [
      true,
      'batchNormStatistics 3×2',
      () =>
        addon.batchNormStatistics({
          ...{ rows: 3, channels: 2, x: floats(6), slope: null, mean: floats(2), variance: floats(2) },
          ...{ momentum: 0, runningMean: null, runningVariance: null },
        }),
    ],
    [
      true,
      'matMul 1×1×2×3',
      () =>
        addon.matMul({
          ...{ batch: 1, m: 1, n: 2, k: 3, transposeA: false, transposeB: false },
          ...{ sharedA: false, sharedB: false, a: floats(3), b: floats(6), c: floats(2) },
        }),
    ],
    [
      true,
      'adamStep 5',
      () =>
        addon.adamStep({
          ...{ size: 5, step: 1, lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clip: 0 },
          ...{ gradient: floats(5), w: floats(5), m: floats(5), v: floats(5) },
        }),
    ],
    [
      true,
      'floatConvForward 2×3×1 2→4 1×1 /1',
      () =>
        addon.floatConvForward({
          shape: squareShape([2, 3, 1, 2], 4, [1, 1], { stride: 1, pad: 0 }),
          ...{ x: floats(12), w: floats(8), y: floats(24) },
        }),
    ],
  ])('shapes %s: %s', (shapes, name, call) => {
    addon.startTiming(shapes);
    call();
    call();
    const times = addon.stopTiming();
    expect(times.map((time) => [time.name, time.calls])).toEqual([[name, 2]]);
    expect(times[0].ms).toBeGreaterThanOrEqual(0);
  });

  it('ends when it is stopped, and forgets when it is begun again', () => {
    addon.startTiming(false);
    add();
    addon.stopTiming();
    add();
    addon.startTiming(false);
    expect(addon.stopTiming()).toEqual([]);
  });

  it('counts a kernel that others are part of without them', () => {
    const [rows, c, k] = [16, 2, 3];
    addon.startTiming(false);
    addon.projectedStatistics({
      ...{ rows, inputs: c, outputs: k, products: floats(c * c), mean: floats(c), w: floats(c * k) },
      ...{ covered: floats(c * k), outputMean: floats(k), outputVariance: floats(k) },
      ...{ momentum: 0, runningMean: null, runningVariance: null },
    });
    const names = addon.stopTiming().map(({ name, calls }) => [name, calls]);
    expect(names).toEqual([
      ['matMul', 1],
      ['projectedStatistics', 1],
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { geometry, KernelTimes, shapeOf, timeKernels } from '../../bench/support/step-profile.js';
import { nativeAddon } from '../../src/backends/native/addon.js';

describe('the profile of a step', () => {
  it('divides the wall time of several steps among kernels and engine', () => {
    const times = new KernelTimes();
    times.add('small', 2);
    for (let i = 0; i < 4; i++) times.add('large', 10);
    times.add('small', 4);
    expect(times.profile(2, 50)).toEqual({
      stepMs: 25,
      kernels: [
        { name: 'large', calls: 2, ms: 20, percent: 80 },
        { name: 'small', calls: 1, ms: 3, percent: 12 },
      ],
      engine: { ms: 2, percent: 8 },
    });
  });

  it('forgets what came before a reset', () => {
    const times = new KernelTimes();
    times.add('warm-up', 1000);
    times.reset();
    expect(times.profile(1, 5)).toEqual({ stepMs: 5, kernels: [], engine: { ms: 5, percent: 100 } });
  });

  it('times the calls of the addon until it is put back', () => {
    const addon = nativeAddon();
    const own = addon.elementwise;
    const times = new KernelTimes();
    const restore = timeKernels(addon, times, (family, args) => `${family} ${shapeOf(family, args)}`);
    const out = new Float32Array(2);
    addon.elementwise(0, 2, 0, Float32Array.of(1, 2), Float32Array.of(3, 4), out);
    restore();
    addon.elementwise(0, 2, 0, Float32Array.of(1, 2), Float32Array.of(3, 4), out);
    expect([...out]).toEqual([4, 6]);
    expect(addon.elementwise).toBe(own);
    const { kernels } = times.profile(1, 1);
    expect(kernels.map(({ name, calls }) => [name, calls])).toEqual([['elementwise add 2', 1]]);
  });
});

describe('the shape of a call', () => {
  const floats = new Float32Array(1);
  it.each([
    ['batchNormStatistics', [128, 16, floats, floats], '128×16'],
    ['matMul', [1, 2, 3, 4, true, false, 0, 0, floats], '1×2×3×4'],
    ['elementwise', [2, 640, 16, floats, floats, floats], 'multiply 640, period 16'],
    ['adamStep', [300, 7, 0.001, 0.9, 0.999, 1e-8, 0, 0, floats], '300'],
    [
      'binaryConvForward',
      [Int32Array.of(32, 30, 128, 16, 64, 3, 1, 2, 2, 1, 1, 16, 15), floats],
      '32×30×128 16→64 3×1 /2',
    ],
  ])('%s', (family, args, expected) => {
    expect(shapeOf(family, args)).toBe(expected);
  });

  it('of a convolution names input, channels, window and stride', () => {
    expect(geometry([8, 8, 64, 3, 16, 7, 7, 1, 1, 3, 3, 8, 8])).toBe('8×8×64 3→16 7×7 /1');
  });
});

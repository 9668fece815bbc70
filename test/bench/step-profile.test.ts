import { describe, expect, it } from 'vitest';
import { profileOf } from '../../bench/support/step-profile.js';
import { nativeAddon } from '../../src/backends/native/addon.js';

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
  const add = (): void => addon.elementwise(0, 2, 0, floats(2), floats(2), floats(2));
  const geometryOf = (...fields: number[]): Int32Array => Int32Array.from(fields);

  it.each<[shapes: boolean, name: string, call: () => void]>([
    [false, 'elementwise', add],
    [true, 'elementwise add 2', add],
    [
      true,
      'elementwise multiply 4, period 2',
      () => addon.elementwise(2, 4, 2, floats(4), floats(2), floats(4)),
    ],
    [
      true,
      'batchNormStatistics 3×2',
      () => addon.batchNormStatistics(3, 2, floats(6), null, floats(2), floats(2), 0, null, null),
    ],
    [
      true,
      'matMul 1×1×2×3',
      () => addon.matMul(1, 1, 2, 3, false, false, 0, 0, floats(3), floats(6), floats(2)),
    ],
    [
      true,
      'adamStep 5',
      () => addon.adamStep(5, 1, 1e-3, 0.9, 0.999, 1e-8, 0, 0, floats(5), floats(5), floats(5), floats(5)),
    ],
    [
      true,
      'floatConvForward 2×3×1 2→4 1×1 /1',
      () =>
        addon.floatConvForward(
          geometryOf(2, 3, 1, 2, 4, 1, 1, 1, 1, 0, 0, 2, 3, 1),
          floats(12),
          floats(8),
          floats(24),
        ),
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
    addon.projectedStatistics(
      rows,
      c,
      k,
      floats(c * c),
      floats(c),
      floats(c * k),
      floats(c * k),
      floats(k),
      floats(k),
      0,
      null,
      null,
    );
    const names = addon.stopTiming().map(({ name, calls }) => [name, calls]);
    expect(names).toEqual([
      ['matMul', 1],
      ['projectedStatistics', 1],
    ]);
  });
});

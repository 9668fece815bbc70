import { describe, expect, it } from 'vitest';
import { mapShape, normaliseFeatures } from '../../src/teacher/feature-map.js';

describe('mapShape', () => {
  it.each([
    [[1, 16, 32, 32], [32, 32, 16], 'nchw'],
    [[1, 32, 32, 16], [32, 32, 16], 'nhwc'],
    [[1, 8, 8, 8], [8, 8, 8], 'nchw'],
    [[1, 16, 4, 6], [4, 6, 16], 'nchw'],
    [[1, 64, 1, 1], [1, 1, 64], 'nchw'],
  ])('reads %j as height, width, channels %j of %s', (dims, shape, layout) => {
    expect(mapShape(dims)).toEqual({ shape, layout });
  });
});

describe('normaliseFeatures', () => {
  const root = Math.fround(Math.sqrt(8 / 204)); // √(H·W·C) / ‖1 … 8‖
  it.each([
    ['nchw', [1, 5, 2, 6, 3, 7, 4, 8]],
    ['nhwc', [1, 2, 3, 4, 5, 6, 7, 8]],
  ] as const)('turns %s into NHWC of mean square 1, and leaves zeros', (layout, order) => {
    const data = Float32Array.from([
      0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 99, 99, 99, 99, 99, 99, 99, 99,
    ]);
    const into = new Float32Array(32).fill(-1);
    normaliseFeatures(data, 2, { shape: [2, 2, 2], layout }, into, 1);
    const expected = [...new Array<number>(8).fill(0), ...order.map((value) => Math.fround(value * root))];
    expect([...into]).toEqual([
      ...new Array<number>(8).fill(-1),
      ...expected,
      ...new Array<number>(8).fill(-1),
    ]);
  });
});

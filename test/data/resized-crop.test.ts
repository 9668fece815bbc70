import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawResizedCrop, inceptionCrop } from '../../src/data/resized-crop.js';

const draw = (view: number, size: [number, number], index = 5, seed = 3, crop = inceptionCrop) =>
  drawResizedCrop(crop, seed, index, view, size);

describe('drawResizedCrop', () => {
  it('is a part of the image, whatever is asked for', () => {
    const side = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(fc.nat(1e6), side, side, fc.nat(100), (index, height, width, view) => {
        const { left, top, width: w, height: h } = draw(view, [height, width], index);
        for (const least of [left, top, w - 1, h - 1]) expect(least).toBeGreaterThanOrEqual(0);
        expect(left + w).toBeLessThanOrEqual(width);
        expect(top + h).toBeLessThanOrEqual(height);
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  it('draws areas and ratios in their ranges, uniform in area and in the logarithm of the ratio', () => {
    const [areas, ratios]: number[][] = [[], []];
    for (let view = 0; view < 4000; view++) {
      const { width, height } = draw(view, [1000, 2000], view, 1, { scale: [0.1, 0.3], ratio: [0.5, 2] });
      areas.push((width * height) / 2e6);
      ratios.push(Math.log2(width / height));
    }
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const area of areas) expect(Math.abs(area - 0.2)).toBeLessThan(0.1005);
    for (const ratio of ratios) expect(Math.abs(ratio)).toBeLessThan(1.01);
    expect(mean(areas)).toBeCloseTo(0.2, 2);
    expect(mean(ratios)).toBeCloseTo(0, 1);
    expect(mean(ratios.map((ratio) => ratio ** 2))).toBeCloseTo(1 / 3, 1);
  });

  it('depends on seed, index, view and size alone', () => {
    const one = draw(1, [375, 500]);
    expect(draw(1, [375, 500])).toEqual(one);
    for (const other of [draw(2, [375, 500]), draw(1, [375, 500], 6), draw(1, [375, 500], 5, 4)])
      expect(other).not.toEqual(one);
  });

  it('draws for ever what it draws now', () => {
    expect([0, 1, 2].map((view) => draw(view, [375, 500]))).toEqual([
      { left: 41, top: 85, width: 297, height: 273 },
      { left: 200, top: 16, width: 210, height: 214 },
      { left: 14, top: 25, width: 265, height: 230 },
    ]);
  });

  it.each<[title: string, size: [number, number], window: number[]]>([
    ['that is too wide for its ratios', [30, 400], [180, 0, 40, 30]],
    ['that is too high for its ratios', [400, 30], [0, 180, 30, 40]],
    ['of which nothing else is as large: the whole', [30, 35], [0, 0, 35, 30]],
  ])('takes the most of the centre of an image %s', (_, size, window) => {
    // No part as large as the whole has one of these ratios but by chance.
    const crop = { scale: [1, 1], ratio: [3 / 4, 4 / 3] } as const;
    const { left, top, width, height } = drawResizedCrop(crop, 1, 1, 0, size);
    expect([left, top, width, height]).toEqual(window);
  });
});

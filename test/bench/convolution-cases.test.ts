import { describe, expect, it } from 'vitest';
import {
  convolutionsOf,
  convolutionTitle,
  geometry,
  multiplyAdds,
} from '../../bench/support/convolution-cases.js';
import { depthOf } from '../../bench/support/networks.js';
import { convShape, forEachTap } from '../native/shapes.js';

describe('the convolutions of a network', () => {
  it('are the distinct ones, in order', () => {
    expect(convolutionsOf(depthOf('resnet20'), 128).map(convolutionTitle)).toEqual([
      '32×32×128 3→16 3×3 /1',
      '32×32×128 16→16 3×3 /1',
      '32×32×128 16→32 3×3 /2',
      '32×32×128 16→32 1×1 /1',
      '16×16×128 32→32 3×3 /1',
      '16×16×128 32→64 3×3 /2',
      '16×16×128 32→64 1×1 /1',
      '8×8×128 64→64 3×3 /1',
    ]);
  });

  it('count the multiply-adds of taps that meet the image', () => {
    for (const convolution of convolutionsOf(depthOf('resnet20'), 2)) {
      const { size, n, c, k, window, stride, pad } = convolution;
      let taps = 0;
      forEachTap(convShape({ h: size, n, c, k, kernel: window, stride, pad }), () => taps++);
      expect(multiplyAdds(convolution), convolutionTitle(convolution)).toBe(taps * n * c * k);
    }
  });
});

describe('the shape of a convolution', () => {
  it('names input, channels, window and stride', () => {
    expect(geometry([8, 8, 64, 3, 16, 7, 7, 1, 1, 3, 3, 8, 8])).toBe('8×8×64 3→16 7×7 /1');
  });
});

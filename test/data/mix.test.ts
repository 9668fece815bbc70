import { describe, expect, it } from 'vitest';
import { makeBatch } from '../../src/data/batches.js';
import { noAugmentation } from '../../src/data/augmentation.js';
import { checkMix, drawMixing, type Mixing, noMix } from '../../src/data/mix.js';
import { mixBatch } from '../../src/data/mix-batch.js';
import { InputError } from '../../src/errors.js';
import { randomDataset } from './images.js';

const size = [8, 6] as const;
const batch = makeBatch(randomDataset(5), [0, 1, 2, 3, 4], 3, 0, noAugmentation);
const partner = Uint32Array.of(2, 0, 4, 3, 1);
const place = { seed: 1, epoch: 0, step: 0 };
const many = (mixup: number, cutmix: number, count = 4000): Mixing[] =>
  Array.from({ length: count }, (_, step) => drawMixing({ mixup, cutmix }, { seed: 9, epoch: 2, step }, 2, [32, 32])!);
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const variance = (values: readonly number[]): number => mean(values.map((x) => (x - mean(values)) ** 2));

describe('mixBatch', () => {
  it('by mixup gives λ a + (1 − λ) b for every value', () => {
    const mixed = mixBatch(batch, { partner, lambda: 0.7 }, size);
    const expected = Array.from(
      batch.images,
      (value, at) => 0.7 * value + 0.3 * batch.images[144 * partner[Math.floor(at / 144)] + (at % 144)],
    );
    mixed.images.forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at], 6);
    });
    expect(mixed).toMatchObject({ size: 5, view: 3, mix: { partner, lambda: 0.7 } });
    expect(mixed.labels).toEqual(batch.labels);
    expect(mixed.indices).toEqual(batch.indices);
    expect(mixed.images).not.toEqual(batch.images);
  });

  it('by a box takes the pixels inside it from the partner', () => {
    const box = { left: 2, top: 1, width: 3, height: 5 };
    const mixed = mixBatch(batch, { partner, lambda: 1 - 15 / 48, box }, size);
    const expected = Float32Array.from(batch.images, (value, at) => {
      const x = Math.floor((at % 18) / 3);
      const y = Math.floor((at % 144) / 18);
      const isInside = x >= 2 && x < 5 && y >= 1 && y < 6;
      return isInside ? batch.images[144 * partner[Math.floor(at / 144)] + (at % 144)] : value;
    });
    expect(mixed.images).toEqual(expected);
  });

  it.each<[string, Mixing]>([
    ['mixup', { partner, lambda: 1 }],
    ['an empty box', { partner, lambda: 1, box: { left: 3, top: 2, width: 0, height: 0 } }],
  ])('leaves the images at λ = 1 (%s)', (_, mixing) => {
    expect(mixBatch(batch, mixing, size).images).toEqual(batch.images);
  });

  it('writes into memory that is given, all of it', () => {
    const memory = new Float32Array(batch.images.length).fill(9);
    const mixing = { partner, lambda: 0.2, box: { left: 0, top: 0, width: 2, height: 2 } };
    const { images } = mixBatch(batch, mixing, size, memory);
    expect(images).toBe(memory);
    expect(images).toEqual(mixBatch(batch, mixing, size).images);
  });
});

describe('drawMixing', () => {
  it('gives nothing where both are 0', () => {
    expect(drawMixing(noMix, place, 4, size)).toBeUndefined();
  });

  it('is a function of seed, epoch and step', () => {
    const draw = (change: Partial<typeof place>): Mixing =>
      drawMixing({ mixup: 1, cutmix: 0 }, { ...place, ...change }, 16, size)!;
    expect(draw({})).toEqual(draw({}));
    for (const change of [{ seed: 2 }, { epoch: 1 }, { step: 1 }]) {
      expect(draw(change).lambda).not.toBe(draw({}).lambda);
      expect(draw(change).partner).not.toEqual(draw({}).partner);
    }
  });

  it('pairs by a permutation, each as often', () => {
    const counts = new Map<string, number>();
    for (let step = 0; step < 2400; step++) {
      const { partner: order } = drawMixing({ mixup: 1, cutmix: 0 }, { ...place, step }, 4, size)!;
      expect([...order].sort()).toEqual([0, 1, 2, 3]);
      counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(50);
  });

  // Beta(α, α) has the mean ½ and the variance 1 / (4 (2 α + 1)).
  it.each([0.01, 0.2, 1, 4])('draws λ of mixup from Beta(%d, %d)', (alpha) => {
    const lambdas = many(alpha, 0).map(({ lambda }) => lambda);
    expect(lambdas.every((lambda) => lambda >= 0 && lambda <= 1)).toBe(true);
    expect(mean(lambdas)).toBeCloseTo(0.5, 1);
    expect(variance(lambdas) * 4 * (2 * alpha + 1)).toBeCloseTo(1, 1);
  });

  it('draws λ uniformly for α = 1', () => {
    const lambdas = many(1, 0).map(({ lambda }) => lambda).sort((a, b) => a - b);
    lambdas.forEach((lambda, at) => {
      expect(Math.abs(lambda - at / lambdas.length)).toBeLessThan(0.03);
    });
  });

  it('draws boxes inside the image, and λ is the share that they leave', () => {
    const boxes = many(0, 1);
    for (const { lambda, box } of boxes) {
      const { left, top, width, height } = box!;
      expect(Math.min(left, top, width, height)).toBeGreaterThanOrEqual(0);
      expect(Math.max(left + width, top + height)).toBeLessThanOrEqual(32);
      expect(lambda).toBe(1 - (width * height) / 1024);
    }
    // Cut off at borders they are smaller than a uniform 1 − λ, of mean ½; by integration 0.31 of the image.
    const share = mean(boxes.map(({ lambda }) => 1 - lambda));
    let expected = 0;
    for (let n = 0; n < 1000; n++) {
      const side = Math.floor(32 * Math.sqrt((n + 0.5) / 1000));
      let sum = 0;
      for (let centre = 0; centre < 32; centre++) {
        const start = centre - Math.floor(side / 2);
        sum += Math.min(32, start + side) - Math.max(0, start);
      }
      expected += (sum / 32) ** 2 / 1024 / 1000;
    }
    expect(share).toBeCloseTo(expected, 1);
    expect(Math.abs(share - expected)).toBeLessThan(0.015);
  });

  it('takes each of both as often', () => {
    const both = many(1, 1);
    const boxes = both.filter(({ box }) => box !== undefined);
    expect(Math.abs(boxes.length / both.length - 0.5)).toBeLessThan(0.04);
  });
});

it.each([
  [{ mixup: -1, cutmix: 0 }, 'mixup must be the α of a Beta distribution, a finite number of at least 0, got -1'],
  [{ mixup: 0, cutmix: Number.NaN }, 'cutmix must be the α of a Beta distribution, a finite number of at least 0, got NaN'],
])('%j is refused', (mix, message) => {
  expect(() => {
    checkMix(mix);
  }).toThrow(InputError);
  expect(() => {
    checkMix(mix);
  }).toThrow(message);
});

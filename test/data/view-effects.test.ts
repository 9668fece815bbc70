import { describe, expect, it } from 'vitest';
import { type Augmentation, cropAndFlip, drawAugmentation, noAugmentation } from '../../src/data/augmentation.js';
import { applyPolicy } from '../../src/data/auto-augment.js';
import { batchesOf, makeBatch } from '../../src/data/batches.js';
import { applyJitter, drawJitter, imagenetJitter, jitterSteps, shiftHue } from '../../src/data/color-jitter.js';
import { addLighting, drawLighting, lightingShift } from '../../src/data/lighting.js';
import { rotateBilinear } from '../../src/data/image-geometry.js';
import { brightness, color, contrast, luma } from '../../src/data/image-operations.js';
import { RandomStream } from '../../src/data/random.js';
import { type DrawnEffects, drawEffects } from '../../src/data/view-effects.js';
import { InputError } from '../../src/errors.js';
import { randomBytes, randomDataset } from './images.js';

const everything: Augmentation = {
  ...cropAndFlip,
  crop: { padding: 2 },
  rotation: 15,
  autoAugment: 'cifar10',
  colorJitter: imagenetJitter,
  lighting: 0.1,
};
const data = randomDataset(40, [12, 10]);
const rows = [...Array(40).keys()];

describe('each operation', () => {
  const changes: readonly [string, keyof DrawnEffects, Partial<Augmentation>, Partial<Augmentation>][] = [
    ['rotation', 'rotation', { rotation: 15 }, { rotation: 0 }],
    ['autoAugment', 'policy', { autoAugment: 'imagenet' }, { autoAugment: 'none' }],
    ['colorJitter', 'jitter', { colorJitter: imagenetJitter }, { colorJitter: null }],
    ['lighting', 'lighting', { lighting: 0.1 }, { lighting: 0 }],
  ];
  it.each(changes)('%s changes views, another view otherwise, and the same view the same', (_, __, change) => {
    const images = (view: number, augmentation: Augmentation): Float32Array =>
      makeBatch(data, rows, view, 3, augmentation).images;
    const changed = { ...noAugmentation, ...change };
    expect(images(0, changed)).not.toEqual(images(0, noAugmentation));
    expect(images(1, changed)).not.toEqual(images(0, changed));
    expect(images(1, changed)).toEqual(images(1, changed));
  });

  it.each(changes)('%s leaves the draws of the others as they were', (_, key, __, off) => {
    const { effects, ...window } = drawAugmentation(everything, 3, 17, 2, [12, 10]);
    const without = drawAugmentation({ ...everything, ...off }, 3, 17, 2, [12, 10]);
    expect(effects![key]).toBeDefined();
    expect(without).toEqual({ ...window, effects: { ...effects, [key]: undefined } });
  });

  it('draws as it always did', () => {
    const { rotation, policy, jitter, lighting } = drawEffects(everything, 42, 7, 1)!;
    expect({ rotation, policy, jitter, lighting }).toMatchInlineSnapshot(`
      {
        "jitter": {
          "brightness": 1.0628912448883057,
          "contrast": 0.6009954214096069,
          "hue": 0.09349826723337173,
          "order": [
            3,
            2,
            0,
            1,
          ],
          "saturation": 1.19118332862854,
        },
        "lighting": [
          0.02245475910604,
          -0.05506439134478569,
          -0.12079230695962906,
        ],
        "policy": {
          "applied": [
            false,
            false,
          ],
          "name": "cifar10",
          "negative": [
            false,
            true,
          ],
          "subPolicy": 0,
        },
        "rotation": -4.675674915313721,
      }
    `);
  });
});

it('a view is made in the order crop, flip, rotation, policy, jitter, lighting', () => {
  const size = data.size;
  const all = makeBatch(data, rows, 1, 5, everything).images;
  const cut = makeBatch(data, rows, 1, 5, { crop: everything.crop, flip: true }).images;
  rows.forEach((row) => {
    const { rotation, policy, jitter, lighting } = drawEffects(everything, 5, data.indices[row], 1)!;
    const bytes = Uint8Array.from(cut.subarray(360 * row, 360 * (row + 1)), (value) => Math.round(255 * value));
    rotateBilinear(bytes, size, rotation!);
    applyPolicy(bytes, size, 'cifar10', policy!);
    applyJitter(bytes, jitter!);
    const floats = Float32Array.from(bytes, (byte) => byte / 255);
    addLighting(floats, 0, 360, lighting!);
    expect(all.subarray(360 * row, 360 * (row + 1))).toEqual(floats);
  });
});

it('the thread makes the same views', async () => {
  const batches = batchesOf(data, {
    batchSize: 20,
    seed: 1,
    viewSeed: 5,
    views: 2,
    augmentation: everything,
    shuffle: false,
  });
  let number = 0;
  for await (const batch of batches.epoch(1)) {
    const own = rows.slice(20 * number, 20 * ++number);
    expect(batch.images).toEqual(makeBatch(data, own, 1, 5, everything).images);
  }
  expect(number).toBe(2);
});

it('angles are uniform within ±rotation', () => {
  const angles = Array.from(
    { length: 4000 },
    (_, index) => drawEffects({ rotation: 15 }, 1, index, 0)!.rotation!,
  ).sort((a, b) => a - b);
  angles.forEach((angle, at) => {
    expect(Math.abs((angle + 15) / 30 - at / 4000)).toBeLessThan(0.03);
  });
});

describe('colour jitter', () => {
  const drawn = Array.from({ length: 4800 }, (_, index) =>
    drawJitter({ brightness: 0.4, contrast: 1.5, saturation: 0.2, hue: 0.1 }, new RandomStream({ seed: 2, index, purpose: 9 })),
  );

  it('takes every order as often', () => {
    const counts = new Map<string, number>();
    for (const { order } of drawn) counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(70);
  });

  it.each([
    ['brightness', 0.6, 1.4],
    ['contrast', 0, 2.5],
    ['saturation', 0.8, 1.2],
    ['hue', -0.1, 0.1],
  ] as const)('draws %s from %d to %d uniformly', (step, least, greatest) => {
    const values = drawn.map((one) => one[step]).sort((a, b) => a - b);
    values.forEach((value, at) => {
      expect(Math.abs((value - least) / (greatest - least) - at / values.length)).toBeLessThan(0.03);
    });
  });

  it.each(drawn.slice(0, 6))('takes the steps in the order drawn: $order', (one) => {
    const expected = randomBytes(300);
    for (const step of one.order) {
      const name = jitterSteps[step];
      if (name === 'hue') shiftHue(expected, one.hue);
      else ({ brightness, contrast, saturation: color })[name](expected, one[name]);
    }
    const actual = randomBytes(300);
    applyJitter(actual, one);
    expect(actual).toEqual(expected);
  });

  /** Hue in turns, saturation and value of a colour in [0, 255]. */
  const hsv = ([r, g, b]: readonly number[]): [number, number, number] => {
    const value = Math.max(r, g, b);
    const spread = value - Math.min(r, g, b);
    // The angle of the colour in the plane across the grey axis, by hexagons.
    const hue = spread === 0 ? 0 : value === r ? (g - b) / spread : value === g ? 2 + (b - r) / spread : 4 + (r - g) / spread;
    return [(hue / 6 + 1) % 1, spread, value];
  };

  it.each([0.1, -0.1, 0.5, 0.37])('turns the hue by %d and keeps greatest and least', (turns) => {
    const bytes = randomBytes(900);
    const before = bytes.slice();
    shiftHue(bytes, turns);
    let compared = 0;
    for (let at = 0; at < bytes.length; at += 3) {
      const old = hsv([...before.subarray(at, at + 3)]);
      const now = hsv([...bytes.subarray(at, at + 3)]);
      expect(now.slice(1)).toEqual(old.slice(1));
      // Rounding moves the hue by at most half a step of the spread.
      if (old[1] < 20) continue;
      const moved = (((now[0] - old[0] - turns) % 1) + 1.5) % 1;
      expect(Math.abs(moved - 0.5)).toBeLessThanOrEqual(0.6 / 6 / old[1]);
      compared++;
    }
    expect(compared).toBeGreaterThan(250);
  });

  it('turns red to green to blue by thirds, and leaves grey', () => {
    const bytes = Uint8Array.from([255, 0, 0, 0, 255, 0, 90, 90, 90]);
    shiftHue(bytes, 1 / 3);
    expect([...bytes]).toEqual([0, 255, 0, 0, 0, 255, 90, 90, 90]);
  });

  it('a luma is that of broadcast television', () => {
    const bytes = randomBytes(3000);
    for (let at = 0; at < 3000; at += 3) {
      const exact = 0.299 * bytes[at] + 0.587 * bytes[at + 1] + 0.114 * bytes[at + 2];
      expect(Math.abs(luma(bytes, at) - exact)).toBeLessThan(0.51);
    }
  });
});

describe('lighting', () => {
  it('adds E (α ∘ λ) to floats', () => {
    const alpha = [0.1, -0.2, 0.05] as const;
    const [a, b, c] = [0.1 * 0.2175, -0.2 * 0.0188, 0.05 * 0.0045];
    const expected = [
      -0.5675 * a + 0.7192 * b + 0.4009 * c,
      -0.5808 * a - 0.0045 * b - 0.814 * c,
      -0.5836 * a - 0.6948 * b + 0.4203 * c,
    ];
    lightingShift(alpha).forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at], 12);
    });
    const image = new Float32Array(9).fill(0.5);
    addLighting(image, 3, 3, alpha);
    expect([...image]).toEqual([
      ...[0.5, 0.5, 0.5],
      ...expected.map((value) => expect.closeTo(0.5 + value, 6) as number),
      ...[0.5, 0.5, 0.5],
    ]);
  });

  it('has components at right angles, of length 1', () => {
    const columns = [0, 1, 2].map((k) =>
      lightingShift([k === 0 ? 1 : 0, k === 1 ? 1 : 0, k === 2 ? 1 : 0]).map(
        (value) => value / [0.2175, 0.0188, 0.0045][k],
      ),
    );
    columns.forEach((u, i) => {
      columns.forEach((v, j) => {
        expect(u.reduce((sum, x, at) => sum + x * v[at], 0)).toBeCloseTo(i === j ? 1 : 0, 3);
      });
    });
  });

  it('draws α from N(0, σ²), independently for each component', () => {
    const draws = Array.from({ length: 5000 }, (_, index) =>
      drawLighting(0.1, new RandomStream({ seed: 4, index, purpose: 10 })),
    );
    const mean = (values: number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
    for (const i of [0, 1, 2])
      for (const j of [0, 1, 2])
        expect(mean(draws.map((alpha) => alpha[i] * alpha[j])) / 0.01).toBeCloseTo(i === j ? 1 : 0, 1);
  });

  it('acts on images in [0, 1], where a change on bytes would round to nothing or darken by 1/255', () => {
    const lit = makeBatch(data, rows, 0, 6, { ...noAugmentation, lighting: 0.1 }).images;
    const plain = makeBatch(data, rows, 0, 6, noAugmentation).images;
    const shifts = rows.map((row) => lit[360 * row] - plain[360 * row]);
    // Both brighter and darker, by σ · 0.5675 · 0.2175 = 0.0123 in the mean square, which is 3 of 255.
    const spread = Math.sqrt(shifts.reduce((sum, x) => sum + x * x, 0) / shifts.length);
    expect(spread).toBeGreaterThan(0.008);
    expect(spread).toBeLessThan(0.018);
    expect(Math.max(...shifts)).toBeGreaterThan(2 / 255);
    expect(Math.min(...shifts)).toBeLessThan(-2 / 255);
    // The same for all pixels of a colour, bright and dark: nothing is clipped.
    for (let at = 0; at < 360; at += 3) expect(lit[at] - plain[at]).toBeCloseTo(shifts[0], 6);
  });
});

describe('a value out of range is refused', () => {
  const of = (change: Partial<Augmentation>) => (): unknown =>
    batchesOf(data, { batchSize: 4, seed: 0, viewSeed: 0, views: 1, augmentation: { ...noAugmentation, ...change } });
  it.each<[Partial<Augmentation>, string]>([
    [{ rotation: 181 }, 'the rotation must be a number from 0 to 180 degrees, got 181'],
    [{ rotation: Number.NaN }, 'the rotation must be a number from 0 to 180 degrees, got NaN'],
    [{ lighting: -1 }, 'lighting must be a finite number of at least 0, got -1'],
    [{ colorJitter: { ...imagenetJitter, hue: 0.6 } }, 'the hue of colorJitter must be a number from 0 to 0.5, got 0.6'],
    [
      { colorJitter: { ...imagenetJitter, contrast: Infinity } },
      'the contrast of colorJitter must be a finite number of at least 0, got Infinity',
    ],
    [{ autoAugment: 'cifar' as 'cifar10' }, "autoAugment must be one of none, cifar10, imagenet, got 'cifar'"],
  ])('%j', (change, message) => {
    expect(of(change)).toThrow(InputError);
    expect(of(change)).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import {
  cropAndFlip,
  drawAugmentation,
  makeView,
  noAugmentation,
  type ViewParameters,
} from '../../src/data/augmentation.js';
import { InputError } from '../../src/errors.js';
import { randomBytes } from './images.js';

/** The slow, obvious way: pad the image with black, cut the window out, mirror it. */
function obviousView(
  source: Uint8Array,
  [height, width]: readonly [number, number],
  padding: number,
  { offsetY, offsetX, flip }: ViewParameters,
): Float32Array {
  const padded = new Map<string, number[]>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      padded.set(`${y + padding},${x + padding}`, [...source.subarray(at, at + 3)]);
    }
  }
  const cut = Array.from({ length: height }, (_, y) =>
    Array.from(
      { length: width },
      (_, x) => padded.get(`${y + padding + offsetY},${x + padding + offsetX}`) ?? [0, 0, 0],
    ),
  );
  if (flip) cut.forEach((row) => row.reverse());
  return Float32Array.from(cut.flat(2), (byte) => byte / 255);
}

describe('makeView', () => {
  const size = [5, 7] as const;
  const length = 3 * 5 * 7;
  const offsets = [-4, -1, 0, 2, 4];
  const all = offsets.flatMap((offsetY) =>
    offsets.flatMap((offsetX) => [false, true].map((flip) => ({ offsetY, offsetX, flip }))),
  );

  it.each(all)('equals pad, cut and mirror for %o', (parameters) => {
    const source = randomBytes(2 * length);
    const target = new Float32Array(length + 6).fill(-1);
    makeView(source, length, size, parameters, target, 3);
    expect(target.subarray(3, 3 + length)).toEqual(obviousView(source.subarray(length), size, 4, parameters));
    // It writes nothing beside its place.
    expect([...target.subarray(0, 3), ...target.subarray(3 + length)]).toEqual([-1, -1, -1, -1, -1, -1]);
  });

  it('maps bytes 0 … 255 to byte / 255', () => {
    const source = Uint8Array.from({ length: 3 * 256 }, (_, n) => Math.floor(n / 3));
    const target = new Float32Array(source.length);
    makeView(source, 0, [1, 256], { offsetY: 0, offsetX: 0, flip: false }, target, 0);
    expect(target).toEqual(Float32Array.from(source, (byte) => byte / 255));
  });
});

describe('drawAugmentation', () => {
  const size = [32, 32] as const;
  const drawn = Array.from({ length: 9000 }, (_, index) => drawAugmentation(cropAndFlip, 1, index, 2, size));

  it('draws every offset of the padding, and both directions, about equally often', () => {
    for (const [name, values] of [
      ['offsetY', drawn.map((view) => view.offsetY)],
      ['offsetX', drawn.map((view) => view.offsetX)],
    ] as const) {
      for (let offset = -4; offset <= 4; offset++) {
        const count = values.filter((value) => value === offset).length;
        expect(Math.abs(count - 1000), `${name} ${offset}`).toBeLessThan(160);
      }
      expect(values.every((value) => Math.abs(value) <= 4)).toBe(true);
    }
    expect(Math.abs(drawn.filter(({ flip }) => flip).length - 4500)).toBeLessThan(240);
  });

  it('keeps these views for ever, so that caches stay right', () => {
    expect([0, 1, 49_999].map((index) => drawAugmentation(cropAndFlip, 42, index, 7, size)))
      .toMatchInlineSnapshot(`
      [
        {
          "flip": true,
          "offsetX": 4,
          "offsetY": 2,
        },
        {
          "flip": false,
          "offsetX": 2,
          "offsetY": -1,
        },
        {
          "flip": true,
          "offsetX": -2,
          "offsetY": 1,
        },
      ]
    `);
  });

  it('draws the flip alike with and without a crop', () => {
    const flips = Array.from(
      { length: 9000 },
      (_, index) => drawAugmentation({ crop: null, flip: true }, 1, index, 2, size).flip,
    );
    expect(flips).toEqual(drawn.map(({ flip }) => flip));
  });

  it('leaves the image as it is without augmentation', () => {
    expect(drawAugmentation(noAugmentation, 1, 5, 2, size)).toEqual({ offsetY: 0, offsetX: 0, flip: false });
  });

  it.each([-1, 1.5, 32, Number.NaN])('refuses a padding of %d', (padding) => {
    const draw = () => drawAugmentation({ crop: { padding }, flip: false }, 1, 0, 0, size);
    expect(draw).toThrow(InputError);
    expect(draw).toThrow(`crop padding must be an integer from 0 to 31 for 32×32 images, got ${padding}`);
  });
});

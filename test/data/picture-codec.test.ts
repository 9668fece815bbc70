import { describe, expect, it } from 'vitest';
import { packPictures, unpackPictures } from '../../src/data/picture-codec.js';
import { randomBytes } from './pictures.js';

/** Slow waves with a little noise, as unlike random bytes as photographs are. */
function smoothPictures(count: number): Uint8Array {
  const noise = randomBytes(count * 3072);
  return noise.map((byte, n) => 128 + 100 * Math.sin((n % 32) / 9 + Math.floor(n / 32) / 11) + (byte % 4));
}

describe('packPictures', () => {
  it.each([
    { name: 'random bytes', pictures: randomBytes(3 * 3072) },
    { name: 'smooth pictures', pictures: smoothPictures(3) },
    { name: 'black', pictures: new Uint8Array(3072) },
    { name: 'white and black in turn', pictures: new Uint8Array(3072).map((_, n) => 255 * (n % 2)) },
    { name: 'no picture', pictures: new Uint8Array(0) },
  ])('is undone by unpackPictures: $name', async ({ pictures }) => {
    expect(await unpackPictures(await packPictures(pictures))).toEqual(pictures);
  });

  it('makes smooth pictures smaller', async () => {
    expect((await packPictures(smoothPictures(3))).length).toBeLessThan(0.7 * 3 * 3072);
  });
});

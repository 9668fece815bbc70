import { describe, expect, it } from 'vitest';
import { packImages, unpackImages } from '../../src/data/image-codec.js';
import { randomBytes } from './images.js';

/** Slow waves with a little noise, as unlike random bytes as photographs are. */
function smoothImages(count: number): Uint8Array {
  const noise = randomBytes(count * 3072);
  return noise.map((byte, n) => 128 + 100 * Math.sin((n % 32) / 9 + Math.floor(n / 32) / 11) + (byte % 4));
}

describe('packImages', () => {
  it.each([
    { name: 'random bytes', images: randomBytes(3 * 3072) },
    { name: 'smooth images', images: smoothImages(3) },
    { name: 'black', images: new Uint8Array(3072) },
    { name: 'white and black in turn', images: new Uint8Array(3072).map((_, n) => 255 * (n % 2)) },
    { name: 'no image', images: new Uint8Array(0) },
  ])('is undone by unpackImages: $name', async ({ images }) => {
    expect(await unpackImages(await packImages(images))).toEqual(images);
  });

  it('makes smooth images smaller', async () => {
    expect((await packImages(smoothImages(3))).length).toBeLessThan(0.7 * 3 * 3072);
  });
});

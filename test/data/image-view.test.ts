import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Augmentation, drawFlip, noAugmentation } from '../../src/data/augmentation.js';
import { checkImage, type FileView, writeFileView } from '../../src/data/image-view.js';
import { drawResizedCrop, inceptionCrop } from '../../src/data/resized-crop.js';
import { InputError } from '../../src/errors.js';
import { scratchFolder } from '../files/scratch.js';
import { gradient, image } from './image-files.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const side = 32;

const crop: Augmentation = { crop: null, resizedCrop: inceptionCrop, flip: false };
const view = (name: string, change: Partial<FileView> = {}): FileView => ({
  path: at(name),
  index: 9,
  view: 0,
  viewSeed: 4,
  augmentation: noAugmentation,
  size: [side, side],
  resize: { short: 40, interpolation: 'bilinear' },
  ...change,
});

async function made(asked: FileView): Promise<Float32Array> {
  const [height, width] = asked.size;
  // What lies before and behind stays as it is.
  const target = new Float32Array(3 * height * width + 2).fill(7);
  await writeFileView(asked, target, 1);
  expect([target[0], target.at(-1)]).toEqual([7, 7]);
  return target.slice(1, -1);
}

/** The greatest difference of two images, in steps of 1/255. */
const apart = (a: Float32Array, b: ArrayLike<number>): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]) * 255));

beforeAll(async () => {
  await image(100, 60).png().toFile(at('a.png'));
  await image(100, 60).jpeg({ quality: 98 }).toFile(at('a.jpg'));
  await image(40, 56).png().toFile(at('exact.png'));
});

describe('a view of an image in a file', () => {
  it('is the centre, byte by byte, where nothing is drawn and the shorter side is right', async () => {
    const bytes = gradient(40, 56);
    const centre = Array.from({ length: side }, (_, y) => {
      const start = 3 * ((y + 12) * 40 + 4);
      return [...bytes.subarray(start, start + 3 * side)];
    }).flat();
    expect([...(await made(view('exact.png')))]).toEqual([...Float32Array.from(centre, (byte) => byte / 255)]);
  });

  it.each(['nearest', 'bilinear', 'bicubic', 'lanczos'] as const)(
    'is the centre of an image whose shorter side is brought to its size: %s',
    async (interpolation) => {
      const values = await made(view('a.png', { resize: { short: 40, interpolation } }));
      // 100×60 becomes 66×40, of which 17 columns and 4 rows are left out before the centre.
      const expected = placed((x) => ((x + 17.5) / 66) * 100, (y) => ((y + 4.5) / 40) * 60);
      expect(apart(values, expected)).toBeLessThan(interpolation === 'nearest' ? 4 : 1.6);
    },
  );

  it.each([0, 1, 2, 3])('is the window that was drawn, resized: view %i', async (number) => {
    const { left, top, width, height } = drawResizedCrop(inceptionCrop, 4, 9, number, [60, 100]);
    const values = await made(view('a.png', { augmentation: crop, view: number }));
    const expected = placed(
      (x) => left + ((x + 0.5) / side) * width,
      (y) => top + ((y + 0.5) / side) * height,
    );
    // At the border of the window the filter has less to its one side.
    expect(apart(values, expected)).toBeLessThan(2.6);
    expect(apart(await made(view('a.jpg', { augmentation: crop, view: number })), expected)).toBeLessThan(8);
  });

  it('is mirrored where that was drawn', async () => {
    const flips = [0, 1, 2, 3, 4, 5].map((number) => drawFlip({ ...crop, flip: true }, 4, 9, number));
    expect(new Set(flips).size).toBe(2);
    for (const [number, flip] of flips.entries()) {
      const [plain, other] = await Promise.all(
        [crop, { ...crop, flip: true }].map((augmentation) =>
          made(view('a.png', { augmentation, view: number })),
        ),
      );
      const source = (to: number): number => {
        const [x, rest] = [Math.floor(to / 3) % side, to - 3 * (Math.floor(to / 3) % side)];
        return rest + 3 * (flip ? side - 1 - x : x);
      };
      expect([...other]).toEqual([...plain.map((_, to) => plain[source(to)])]);
    }
  });

  it('is the same each time and in any company', async () => {
    const asked = view('a.jpg', { augmentation: crop, view: 7 });
    const [first, ...others] = await Promise.all([asked, asked, asked, asked, asked].map(made));
    for (const other of others) expect(other).toEqual(first);
  });

  it('need not be square', async () => {
    const values = await made(view('a.png', { size: [20, 36] }));
    const expected = placed((x) => ((x + 15.5) / 66) * 100, (y) => ((y + 10.5) / 40) * 60, [20, 36]);
    expect(apart(values, expected)).toBeLessThan(1.6);
  });
});

describe('other kinds of images', () => {
  const plain = async (name: string): Promise<Float32Array> => made(view(name));

  it('are taken in RGB: grey, with a palette, of 16 bits, with transparency, of four inks', async () => {
    const reference = await plain('a.png');
    await image(100, 60).grayscale().jpeg({ quality: 98 }).toFile(at('grey.jpg'));
    const grey = await plain('grey.jpg');
    for (let i = 0; i < grey.length; i += 3) expect([grey[i + 1], grey[i + 2]]).toEqual([grey[i], grey[i]]);
    await image(100, 60).toColourspace('rgb16').png().toFile(at('deep.png'));
    expect(apart(await plain('deep.png'), reference)).toBeLessThan(2);
    await image(100, 60).ensureAlpha(0.25).png().toFile(at('clear.png'));
    expect([...(await plain('clear.png'))]).toEqual([...reference]);
    await image(100, 60).png({ palette: true }).toFile(at('palette.png'));
    expect(apart(await plain('palette.png'), reference)).toBeLessThan(40);
    await image(100, 60).toColourspace('cmyk').jpeg().toFile(at('inks.jpg'));
    expect((await plain('inks.jpg')).every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it('are not turned as EXIF would have them', async () => {
    const turned = await image(100, 60).withMetadata({ orientation: 6 }).png().toBuffer();
    writeFileSync(at('turned.png'), turned);
    expect([...(await plain('turned.png'))]).toEqual([...(await plain('a.png'))]);
  });
});

describe('a file that cannot be decoded', () => {
  const jpeg = (): Buffer => readFileSync(at('a.jpg'));
  it.each<[title: string, bytes: () => Buffer]>([
    ['that is empty', () => Buffer.alloc(0)],
    ['that is no image', () => Buffer.from('no image at all')],
    ['that is cut off', () => jpeg().subarray(0, jpeg().length / 2)],
    ['of which only the head is there', () => jpeg().subarray(0, 400)],
  ])('%s is named', async (_, bytes) => {
    writeFileSync(at('bad.jpg'), bytes());
    for (const work of [() => made(view('bad.jpg')), () => checkImage(at('bad.jpg'))]) {
      const error: unknown = await work().catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toContain(`the image ${at('bad.jpg')} cannot be decoded: `);
      expect((error as InputError).fix).toContain('`skipCorrupt: true`');
    }
  });

  it('is told from whole ones that are decoded beside it', async () => {
    writeFileSync(at('bad.jpg'), jpeg().subarray(0, 400));
    const names = Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? 'bad.jpg' : 'a.jpg'));
    const results = await Promise.allSettled(
      names.map((name, n) => (n % 2 === 0 ? checkImage(at(name)) : made(view(name)))),
    );
    expect(results.map(({ status }) => status)).toEqual(
      names.map((name) => (name === 'bad.jpg' ? 'rejected' : 'fulfilled')),
    );
  });

  it('is found by a check although a view does not show what is missing', async () => {
    const png = await image(100, 600).png({ compressionLevel: 0 }).toBuffer();
    writeFileSync(at('half.png'), png.subarray(0, png.length / 2));
    await expect(checkImage(at('half.png'))).rejects.toThrow(InputError);
  });

  it('that is not there is named too', async () => {
    await expect(made(view('none.jpg'))).rejects.toThrow(`the image ${at('none.jpg')} cannot be decoded: ENOENT`);
  });
});

/** The gradient of 100×60 pixels at places in its own coordinates, as floats. */
function placed(
  xOf: (x: number) => number,
  yOf: (y: number) => number,
  [height, width]: readonly [number, number] = [side, side],
): number[] {
  const values: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) values.push((xOf(x) - 0.5) / 99, (yOf(y) - 0.5) / 59, 128 / 255);
  return values;
}

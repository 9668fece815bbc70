import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import { promisify } from 'node:util';

const PLANE_LENGTH = 32 * 32;
const IMAGE_LENGTH = 3 * PLANE_LENGTH;

/**
 * Packs 32×32 RGB images without loss to about half their size. Each has three planes, as in a CIFAR record
 * without its label. Pixels of the planes red − green, green and blue − green are predicted from their
 * neighbours, and brotli compresses the errors of these predictions.
 *
 * The predictor is the median edge detector of LOCO-I (Weinberger, Seroussi, Sapiro, IEEE Trans. Image
 * Processing 9(8), 2000): with left neighbour a, upper b and upper-left c it is min(a, b) if c ≥ max(a, b),
 * max(a, b) if c ≤ min(a, b), and a + b − c otherwise. The first row and column repeat their one neighbour;
 * the corner is predicted as 0. Errors are bytes modulo 256, folded so that small ones of either sign become
 * small numbers (0, −1, 1, −2, … → 0, 1, 2, 3, …).
 */
export async function packImages(planes: Uint8Array): Promise<Uint8Array> {
  const errors = new Uint8Array(planes.length);
  const differences = new Uint8Array(IMAGE_LENGTH);
  for (let start = 0; start < planes.length; start += IMAGE_LENGTH) {
    differences.set(planes.subarray(start, start + IMAGE_LENGTH));
    subtractGreen(differences);
    for (let place = 0; place < IMAGE_LENGTH; place++) {
      errors[start + place] = fold(differences[place] - predict(differences, place));
    }
  }
  return promisify(brotliCompress)(errors, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: errors.length,
    },
  });
}

/**
 * The inverse of {@link packImages}.
 *
 * @throws zlib's error if the bytes are not a brotli stream
 */
export async function unpackImages(packed: Uint8Array): Promise<Uint8Array> {
  const planes = new Uint8Array(await promisify(brotliDecompress)(packed));
  for (let start = 0; start < planes.length; start += IMAGE_LENGTH) {
    const image = planes.subarray(start, start + IMAGE_LENGTH);
    for (let place = 0; place < IMAGE_LENGTH; place++) {
      image[place] = unfold(image[place]) + predict(image, place);
    }
    addGreen(image);
  }
  return planes;
}

/**
 * The prediction at `place` from the places before it: a byte for green, a signed one for the differences.
 */
function predict(image: Uint8Array, place: number): number {
  const inPlane = place % PLANE_LENGTH;
  if (inPlane === 0) return 0;
  // A shift of 24 reads a byte as signed; one of 0 leaves it.
  const shift = place >= PLANE_LENGTH && place < 2 * PLANE_LENGTH ? 0 : 24;
  if (inPlane < 32) return (image[place - 1] << shift) >> shift;
  const upper = (image[place - 32] << shift) >> shift;
  if (inPlane % 32 === 0) return upper;
  const left = (image[place - 1] << shift) >> shift;
  const corner = (image[place - 33] << shift) >> shift;
  const low = left < upper ? left : upper;
  const high = left < upper ? upper : left;
  if (corner >= high) return low;
  return corner <= low ? high : left + upper - corner;
}

function subtractGreen(image: Uint8Array): void {
  for (let pixel = 0; pixel < PLANE_LENGTH; pixel++) {
    image[pixel] -= image[PLANE_LENGTH + pixel];
    image[2 * PLANE_LENGTH + pixel] -= image[PLANE_LENGTH + pixel];
  }
}

function addGreen(image: Uint8Array): void {
  for (let pixel = 0; pixel < PLANE_LENGTH; pixel++) {
    image[pixel] += image[PLANE_LENGTH + pixel];
    image[2 * PLANE_LENGTH + pixel] += image[PLANE_LENGTH + pixel];
  }
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function fold(error: number): number {
  const value = signed(error);
  return value >= 0 ? 2 * value : -2 * value - 1;
}

function unfold(folded: number): number {
  return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
}

/**
 * Counter-based random numbers: the n-th number of a stream is a pure function of (seed, index, view,
 * purpose, n). So a view can be drawn again at any time, in any order and in any thread, without the draws
 * before it.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011).
 */

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/**
 * What the key grows by in each round (a Weyl sequence): the golden ratio and √3 − 1, as 32-bit fractions.
 */
const KEY_STEP_0 = 0x9e3779b9;
const KEY_STEP_1 = 0xbb67ae85;

/**
 * The upper 32 bits of the product of two unsigned 32-bit numbers. All intermediate values stay below 2^53.
 */
function multiplyHigh(a: number, b: number): number {
  const low = b & 0xffff;
  const high = b >>> 16;
  return Math.floor((a * high + Math.floor((a * low) / 0x10000)) / 0x10000);
}

/**
 * One Philox4x32-10 block: writes four unsigned 32-bit words to `out`, from a counter of four words and a key
 * of two.
 *
 * @returns `out`
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  let c0 = counter[0] >>> 0;
  let c1 = counter[1] >>> 0;
  let c2 = counter[2] >>> 0;
  let c3 = counter[3] >>> 0;
  let k0 = key[0] >>> 0;
  let k1 = key[1] >>> 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + KEY_STEP_0) >>> 0;
    k1 = (k1 + KEY_STEP_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/**
 * What a stream is drawn for. Each purpose has its own numbers, so that adding an operation to the
 * augmentation does not change the draws of the others. The values are part of what a seed means: never
 * change or reuse one.
 */
export const purposes = {
  crop: 1,
  flip: 2,
  shuffle: 3,
  validationSplit: 4,
  initialisation: 5,
  resizedCrop: 6,
  rotation: 7,
  autoAugment: 8,
  colorJitter: 9,
  lighting: 10,
  mix: 11,
} as const;

/** One of {@link purposes}, or another number in [0, 2^32). */
export type Purpose = number;

/** What determines a stream. */
export interface StreamKey {
  /** An integer in [0, 2^53). */
  seed: number;
  /** The index of the image, or of whatever else is drawn for, in [0, 2^32). Default 0. */
  index?: number;
  /** The number of the view, or of the epoch, in [0, 2^32). Default 0. */
  view?: number;
  purpose: Purpose;
}

/**
 * A stream of random numbers that depends only on its key. Philox gets the counter (block, index, view,
 * purpose).
 */
export class RandomStream {
  private readonly counter: [number, number, number, number];
  private readonly key: readonly [number, number];
  private readonly words = new Uint32Array(4);
  private used = 4;
  private spareNormal: number | undefined;

  constructor({ seed, index = 0, view = 0, purpose }: StreamKey) {
    this.counter = [0, index, view, purpose];
    this.key = [seed >>> 0, Math.floor(seed / 0x100000000) >>> 0];
  }

  /** The next unsigned 32-bit word. */
  uint32(): number {
    if (this.used === 4) {
      philox4x32(this.counter, this.key, this.words);
      this.counter[0]++;
      this.used = 0;
    }
    return this.words[this.used++];
  }

  /**
   * A uniform integer in [0, bound), for an integer bound in [1, 2^32]. Words from the last whole multiple of
   * `bound` on are drawn again.
   */
  integer(bound: number): number {
    const limit = 0x100000000 - (0x100000000 % bound);
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % bound;
  }

  /** A uniform multiple of 2^-24 in [0, 1); float32 represents it exactly. */
  float(): number {
    return (this.uint32() >>> 8) / 0x1000000;
  }

  /** A standard normal number (Box and Muller 1958): two from each pair of words. */
  normal(): number {
    if (this.spareNormal !== undefined) {
      const spare = this.spareNormal;
      this.spareNormal = undefined;
      return spare;
    }
    // u is in (0, 1], so that its logarithm is finite.
    const u = (this.uint32() + 1) / 0x100000000;
    const angle = (2 * Math.PI * this.uint32()) / 0x100000000;
    const radius = Math.sqrt(-2 * Math.log(u));
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** Shuffles `items` in place, all orders equally likely (Fisher and Yates): length − 1 draws. */
export function shuffle<T extends Uint32Array | number[]>(items: T, stream: RandomStream): T {
  for (let last = items.length - 1; last > 0; last--) {
    const other = stream.integer(last + 1);
    const moved = items[last];
    items[last] = items[other];
    items[other] = moved;
  }
  return items;
}

/** The order of `n` rows in an epoch: a permutation of 0 … n − 1 that depends only on (seed, epoch, n). */
export function permutation(seed: number, epoch: number, n: number): Uint32Array {
  const stream = new RandomStream({ seed, view: epoch, purpose: purposes.shuffle });
  return shuffle(
    Uint32Array.from({ length: n }, (_, row) => row),
    stream,
  );
}

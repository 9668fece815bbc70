/**
 * The shapes on which every convolution kernel is compared with its reference: 200 drawn ones, or with BNN_TEST_GRID=full
 * the whole grid (npm run test:grid).
 */
import { convShape, outputSize, pick, seeded, type ConvShape } from './shapes.js';

export const gridIsFull = process.env['BNN_TEST_GRID'] === 'full';

export interface ShapeGroup {
  readonly title: string;
  readonly shapes: readonly ConvShape[];
}

/** The groups of shapes that this run tests. */
export function gridGroups(): ShapeGroup[] {
  if (gridIsFull) {
    return [
      { title: 'every pair of channel counts', shapes: channelShapes() },
      { title: 'every window, stride, border and size', shapes: borderShapes() },
      { title: 'every number of images', shapes: imageShapes() },
    ];
  }
  const seed = Number(process.env['BNN_TEST_SEED'] ?? 20240611);
  return [{ title: `200 shapes drawn with BNN_TEST_SEED=${seed}`, shapes: drawnShapes(200, seed) }];
}

/** At, below and above the tiles of channels: lanes, nibbles, words, registers and blocks of the caches. */
const channelCounts: readonly number[] = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 63, 64, 65],
  ...[96, 100, 127, 128, 129, 192, 255, 256, 257, 300, 384, 511, 512, 513, 600],
];
/** At, below and above the tiles of images. */
const imageCounts: readonly number[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 23, 24, 25],
  ...[31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 130],
];

type Pair = readonly [number, number];

// prettier-ignore
const windows: readonly Pair[] = [
  [1, 1], [2, 2], [3, 3], [5, 5], [7, 7], [1, 3], [3, 1], [1, 7], [7, 2],
];
// prettier-ignore
const strides: readonly Pair[] = [[1, 1], [2, 2], [3, 3], [1, 2], [2, 1], [3, 1]];
/** Padding before the first and behind the last position of an axis. */
// prettier-ignore
const borders: readonly Pair[] = [[0, 0], [1, 1], [0, 1], [1, 0], [2, 2], [3, 3]];
// prettier-ignore
const sizes: readonly Pair[] = [[1, 1], [2, 2], [3, 5], [7, 4], [8, 8], [9, 11]];

interface Axes {
  readonly size: Pair;
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly window: Pair;
  readonly stride: Pair;
  /** The same on both axes. */
  readonly border: Pair;
}

function shapeOf({ size: [h, w], n, c, k, window, stride, border: [before, after] }: Axes): ConvShape {
  const [kernelH, kernelW] = window;
  const [strideH, strideW] = stride;
  const out = (axis: 0 | 1): number =>
    Math.max(0, Math.floor(([h, w][axis] + before + after - window[axis]) / stride[axis]) + 1);
  const padding = { padTop: before, padBottom: after, padLeft: before, padRight: after };
  return {
    h,
    w,
    n,
    c,
    k,
    kernelH,
    kernelW,
    strideH,
    strideW,
    ...padding,
    outH: out(0),
    outW: out(1),
    groups: 1,
  };
}

/** Multiply-adds, when every tap met the picture. */
const work = (s: ConvShape): number => outputSize(s) * s.c * s.kernelH * s.kernelW;

/** Gives the values of a list in turn. */
function turns<T>(values: readonly T[]): () => T {
  let next = 0;
  return () => values[next++ % values.length];
}

/**
 * All pairs of channel counts. The other sizes take turns, as large as the work of a shape allows; lists of different
 * lengths meet in ever new combinations.
 */
function channelShapes(): ConvShape[] {
  const mostWork = 2e6;
  // prettier-ignore
  const [size, n] = [turns([[2, 2], [3, 3], [4, 3], [5, 5], [8, 7]] as const), turns(imageCounts)];
  // prettier-ignore
  const [window, stride, border] = [turns([[3, 3], [3, 3], [1, 1]] as const), turns(strides), turns(borders)];
  return channelCounts.flatMap((c) =>
    channelCounts.map((k) => {
      const wanted = { size: size(), n: n(), c, k, window: window(), stride: stride(), border: border() };
      const candidates = [
        wanted,
        { ...wanted, n: 1 + (wanted.n % 5) },
        { ...wanted, n: 1 + (wanted.n % 3), size: [2, 2] as const },
        { ...wanted, n: 1, size: [2, 2] as const, stride: [1, 1] as const, border: [1, 1] as const },
      ].map(shapeOf);
      return candidates.find((s) => work(s) > 0 && work(s) <= mostWork) ?? candidates[3];
    }),
  );
}

/** All windows, strides, borders and sizes that have an output, on few channels with tails. */
function borderShapes(): ConvShape[] {
  // prettier-ignore
  const channels = turns([[1, 1], [3, 5], [8, 16], [17, 15], [33, 31], [16, 64], [65, 9]] as const);
  const n = turns([1, 2, 3, 5]);
  const axes = windows.flatMap((window) =>
    strides.flatMap((stride) =>
      borders.flatMap((border) => sizes.map((size) => ({ window, stride, border, size }))),
    ),
  );
  return axes
    .filter(
      ({ window, stride, border, size }) =>
        work(shapeOf({ window, stride, border, size, n: 1, c: 1, k: 1 })) > 0,
    )
    .map((one) => {
      const [c, k] = channels();
      return shapeOf({ ...one, n: n(), c, k });
    });
}

/** All numbers of images, on channels at and beside the tiles. */
function imageShapes(): ConvShape[] {
  // prettier-ignore
  const channels = [[1, 1], [3, 16], [16, 16], [31, 33], [64, 64], [65, 63], [17, 130]] as const;
  return imageCounts.flatMap((n) =>
    channels.map(([c, k]) => convShape({ h: 2, w: 3, n, c, k, kernel: 3, pad: 1 })),
  );
}

function drawnShapes(count: number, seed: number): ConvShape[] {
  const next = seeded(seed);
  const drawn = [1, 3, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 128, 130, 300, 600];
  const shapes: ConvShape[] = [];
  while (shapes.length < count) {
    const size = (): number => pick([1, 2, 3, 4, 5, 7, 8, 9, 11], next);
    const s = shapeOf({
      size: [size(), size()],
      n: pick([1, 2, 3, 4, 5, 8, 15, 16, 17, 64], next),
      c: pick(drawn, next),
      k: pick(drawn, next),
      // prettier-ignore
      window: pick([[1, 1], [3, 3], [3, 3], [5, 5], [7, 7], [1, 5], [3, 2]] as const, next),
      stride: [pick([1, 1, 2, 3], next), pick([1, 1, 2, 3], next)],
      border: pick(borders, next),
    });
    if (work(s) > 0 && work(s) < 4e6) shapes.push(s);
  }
  return shapes;
}

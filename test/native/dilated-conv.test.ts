import { afterEach, describe, it } from 'vitest';
import {
  addon,
  type Call,
  expectDoubles,
  expectLikeReference,
  expectSameOnAnyThreads,
  restoreAddon,
} from './kernel-runs.js';
import { guardedOutput, randomFloats } from './shapes.js';

afterEach(restoreAddon);

interface Size {
  readonly h: number;
  readonly w: number;
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly window: number;
  readonly dilation: number;
}

const channels = [
  [1, 1],
  [2, 1],
  [1, 3],
  [4, 4],
] as const;
const windows = [
  [1, 1],
  [3, 1],
  [3, 4],
  [7, 1],
  [5, 2],
] as const;
const sizes: readonly Size[] = [
  ...channels.flatMap(([c, k]) =>
    windows.flatMap(([window, dilation]) =>
      [1, 3, 16, 33].map((n): Size => ({ h: 5, w: 7, n, c, k, window, dilation })),
    ),
  ),
  // A map smaller than the window reaches.
  { h: 1, w: 2, n: 8, c: 2, k: 2, window: 3, dilation: 4 },
  { h: 2, w: 1, n: 1, c: 1, k: 1, window: 7, dilation: 1 },
];

const x = randomFloats(40_000, 1);
const dy = randomFloats(40_000, 2);
const filters = randomFloats(1000, 3);

const fields = ({ h, w, n, c, k, window, dilation }: Size) => ({
  ...{ height: h, width: w, images: n, inputs: c, outputs: k, window, dilation },
});
const rowsOf = ({ h, w, n }: Size): number => h * w * n;

const forward =
  (transposed: boolean) =>
  (size: Size): Call =>
  () => ({
    y: guardedOutput(rowsOf(size) * size.k, (y) => {
      addon.dilatedConv({ ...fields(size), transposed, x, filter: filters, y });
    }),
  });
const backwardFilter =
  () =>
  (size: Size): Call =>
  () => ({
    dw: guardedOutput(size.window ** 2 * size.c * size.k, (dw) => {
      addon.dilatedConvBackwardFilter({ ...fields(size), x, dy, dfilter: dw });
    }),
  });

const title = (size: Size): string => JSON.stringify(size);
const cases = [
  { family: 'dilatedConv', variant: '', call: forward(false) },
  { family: 'dilatedConv', variant: 'transposed', call: forward(true) },
  { family: 'dilatedConvBackwardFilter', variant: '', call: backwardFilter() },
];

describe.each(cases)('$family $variant', ({ family, call }) => {
  it('agrees with the reference', () => {
    for (const size of sizes) expectLikeReference(family, call(size), 5e-6, title(size));
  });

  it('gives the same bits on any number of threads', () => {
    expectSameOnAnyThreads(family, call({ h: 17, w: 9, n: 20, c: 3, k: 2, window: 3, dilation: 2 }));
  });
});

describe('against plain sums', () => {
  const size: Size = { h: 6, w: 5, n: 2, c: 2, k: 3, window: 3, dilation: 2 };

  /** Calls body(tap, source row, row) for each tap that joins two rows of a picture. */
  function forTaps(body: (tap: number, source: number, row: number) => void): void {
    for (let y = 0; y < size.h; y++)
      for (let column = 0; column < size.w; column++)
        for (let tap = 0; tap < 9; tap++) {
          const fromY = y + (Math.floor(tap / 3) - 1) * size.dilation;
          const fromX = column + ((tap % 3) - 1) * size.dilation;
          if (fromY < 0 || fromY >= size.h || fromX < 0 || fromX >= size.w) continue;
          for (let n = 0; n < size.n; n++)
            body(tap, (fromY * size.w + fromX) * size.n + n, (y * size.w + column) * size.n + n);
        }
  }

  it('the convolution, its transpose and the gradient to the filter', () => {
    const { c, k } = size;
    const y = new Float64Array(rowsOf(size) * k);
    const dx = new Float64Array(rowsOf(size) * c);
    const dw = new Float64Array(9 * c * k);
    forTaps((tap, source, row) => {
      for (let i = 0; i < c; i++)
        for (let j = 0; j < k; j++) {
          const at = (tap * c + i) * k + j;
          y[row * k + j] += x[source * c + i] * filters[at];
          dx[source * c + i] += x[row * k + j] * filters[at];
          dw[at] += x[source * c + i] * dy[row * k + j];
        }
    });
    expectDoubles('dilatedConv', forward(false)(size), () => ({ y }));
    expectDoubles('dilatedConv', forward(true)({ ...size, c: k, k: c }), () => ({ y: dx }));
    expectDoubles('dilatedConvBackwardFilter', backwardFilter()(size), () => ({ dw }));
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import {
  addon,
  expectClose,
  expectSameOnAnyThreads,
  restoreAddon,
  runOn,
  vectorSets,
  type Call,
} from './kernel-runs.js';
import {
  convShape,
  convTitle,
  filterSize,
  forEachTap,
  guardedOutput,
  inputSize,
  outputSize,
  pick,
  randomFloats,
  seeded,
  shapeArray,
  type ConvOptions,
  type ConvShape,
} from './shapes.js';

afterEach(restoreAddon);

const seed = Number(process.env.BNN_TEST_SEED ?? 20240611);

/** Rows of `channels` random bits, the rest of each last word 0. */
function packedRows(rows: number, channels: number, from: number): Uint32Array {
  const next = seeded(from);
  const words = Math.ceil(channels / 32);
  const tail = channels % 32 === 0 ? 0xffffffff : 2 ** (channels % 32) - 1;
  return Uint32Array.from({ length: rows * words }, (_, i) => {
    const word = Math.floor(next() * 2 ** 32) >>> 0;
    return i % words === words - 1 ? (word & tail) >>> 0 : word;
  });
}

const signAt = (bits: Uint32Array, row: number, channels: number, channel: number): number =>
  (bits[row * Math.ceil(channels / 32) + (channel >> 5)] >>> (channel & 31)) & 1 ? 1 : -1;

interface Operands {
  readonly x: Uint32Array;
  readonly w: Uint32Array;
  readonly scale: Float32Array;
  readonly dy: Float32Array;
  readonly latent: Float32Array;
}

function operandsOf(s: ConvShape): Operands {
  return {
    x: packedRows(s.h * s.w * s.n, s.c, 1),
    w: packedRows(s.kernelH * s.kernelW * s.c, s.k, 2),
    scale: randomFloats(s.k, 3),
    dy: randomFloats(outputSize(s), 4),
    // beyond the clipping threshold at about a third of the places, and on it
    latent: randomFloats(filterSize(s), 5).map((v, i) => (i % 11 === 0 ? Math.sign(v) : 1.5 * v)),
  };
}

const families = {
  y: 'binaryConvForward',
  dx: 'binaryConvBackwardInput',
  dw: 'binaryConvBackwardFilter',
} as const;
type Output = keyof typeof families;
const outputs = Object.keys(families) as Output[];

function callsOf(s: ConvShape, { x, w, scale, dy, latent }: Operands): Record<Output, Call> {
  const shape = shapeArray(s);
  return {
    y: () => ({
      y: guardedOutput(outputSize(s), (y) => addon.binaryConvForward(shape, x, w, scale, y)),
    }),
    dx: () => ({
      dx: guardedOutput(inputSize(s), (dx) => addon.binaryConvBackwardInput(shape, dy, w, scale, dx)),
    }),
    dw: () => ({
      dw: guardedOutput(filterSize(s), (dw) =>
        addon.binaryConvBackwardFilter(shape, x, dy, scale, latent, dw),
      ),
    }),
  };
}

/** Sums of signs are whole numbers: the forward pass must agree to the bit. */
const tolerances: Record<Output, number> = { y: 0, dx: 1e-5, dw: 1e-5 };

/** The definition in float64. */
function convolveInDoubles(
  s: ConvShape,
  { x, w, scale, dy, latent }: Operands,
): Record<Output, Float64Array> {
  const y = new Float64Array(outputSize(s));
  const dx = new Float64Array(inputSize(s));
  const dw = new Float64Array(filterSize(s));
  forEachTap(s, (tap, source, position) => {
    for (let image = 0; image < s.n; image++)
      for (let c = 0; c < s.c; c++)
        for (let k = 0; k < s.k; k++) {
          const to = (position * s.n + image) * s.k + k;
          const weight = (tap * s.c + c) * s.k + k;
          const xSign = signAt(x, source * s.n + image, s.c, c);
          const wSign = signAt(w, tap * s.c + c, s.k, k);
          y[to] += scale[k] * xSign * wSign;
          dx[(source * s.n + image) * s.c + c] += scale[k] * dy[to] * wSign;
          if (Math.abs(latent[weight]) <= 1) dw[weight] += scale[k] * dy[to] * xSign;
        }
  });
  return { y, dx, dw };
}

const small = (
  [
    { h: 1, n: 1, c: 1, k: 1, kernel: 1 },
    { h: 4, n: 2, c: 3, k: 5, kernel: 3, pad: 1 },
    { h: 5, w: 3, n: 3, c: 9, k: 17, kernel: [3, 2], stride: [1, 2], pad: [1, 0] },
    { h: 6, n: 3, c: 33, k: 3, kernel: 3, stride: 2, pad: 1 },
    { h: 2, n: 2, c: 3, k: 34, kernel: 5, pad: 2 },
    { h: 4, n: 9, c: 20, k: 20, kernel: 1, stride: 3, pad: 2 },
  ] satisfies ConvOptions[]
).map(convShape);

/** The network's own shapes at a few images, and corners of tiles: of channels, images, rows and columns. */
const corners = (
  [
    { h: 8, n: 16, c: 64, k: 64, kernel: 3, pad: 1 },
    { h: 4, n: 17, c: 128, k: 128, kernel: 3, pad: 1 },
    { h: 3, n: 4, c: 256, k: 300, kernel: 3, pad: 1 },
    { h: 2, n: 3, c: 600, k: 130, kernel: 3, pad: 1 },
    { h: 2, n: 3, c: 130, k: 600, kernel: 3, pad: 1 },
    { h: 2, n: 2, c: 600, k: 600, kernel: 3, pad: 1 },
    { h: 16, n: 17, c: 16, k: 16, kernel: 3, pad: 1 },
    { h: 17, w: 33, n: 2, c: 16, k: 32, kernel: 3, pad: 1, stride: 2 },
    { h: 9, n: 65, c: 8, k: 8, kernel: 3, pad: 1 },
    { h: 2, n: 130, c: 33, k: 31, kernel: 3, pad: 1 },
    { h: 8, n: 5, c: 64, k: 128, kernel: 1, stride: 2 },
    { h: 3, n: 7, c: 65, k: 63, kernel: 1 },
    { h: 2, n: 2, c: 3, k: 4, kernel: 5 },
    { h: 3, n: 2, c: 2, k: 4, kernel: 1, pad: 2 },
    { h: 10, n: 3, c: 17, k: 15, kernel: [1, 7], pad: [0, 3] },
    { h: 11, n: 3, c: 17, k: 16, kernel: [7, 1], stride: [2, 1], pad: [3, 0] },
    { h: 11, n: 3, c: 5, k: 16, kernel: 7, stride: 3, pad: 3 },
    { h: 2, n: 1, c: 1400, k: 3, kernel: 7, pad: 3 },
  ] satisfies ConvOptions[]
).map(convShape);

function drawnShapes(count: number): ConvShape[] {
  const next = seeded(seed);
  const channels = [1, 3, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 128, 130, 300, 600];
  const shapes: ConvShape[] = [];
  while (shapes.length < count) {
    const s = convShape({
      h: pick([1, 2, 3, 4, 5, 7, 8, 9], next),
      w: pick([1, 2, 3, 4, 5, 7, 8, 9], next),
      n: pick([1, 2, 3, 4, 5, 8, 15, 16, 17, 64], next),
      c: pick(channels, next),
      k: pick(channels, next),
      kernel: pick([1, 3, 3], next),
      stride: pick([1, 2], next),
      pad: pick([0, 1], next),
    });
    const products = outputSize(s) * s.c * s.kernelH * s.kernelW;
    if (products > 0 && products < 5e6) shapes.push(s);
  }
  return shapes;
}

const anyFast = outputs.some((name) => vectorSets(families[name]).length > 0);

describe('the reference binary convolution against its definition in float64', () => {
  it.each(small.map((s) => [convTitle(s), s] as const))('%s', (_, s) => {
    const operands = operandsOf(s);
    const calls = callsOf(s, operands);
    const expected = convolveInDoubles(s, operands);
    for (const name of outputs)
      expectClose(
        runOn('reference', calls[name]),
        { [name]: Float32Array.from(expected[name]) },
        1e-6,
        convTitle(s),
      );
  });
});

describe.skipIf(!anyFast)('the fast binary convolutions (skipped where the CPU has none)', () => {
  it('exist for all three directions', () => {
    for (const name of outputs) expect(vectorSets(families[name])).not.toEqual([]);
  });

  it.each([...small, ...corners].map((s) => [convTitle(s), s] as const))(
    'equal the reference: %s',
    (_, s) => {
      const calls = callsOf(s, operandsOf(s));
      for (const name of outputs) {
        const expected = runOn('reference', calls[name]);
        for (const isa of vectorSets(families[name]))
          expectClose(runOn(isa, calls[name]), expected, tolerances[name], `${isa}, ${convTitle(s)}`);
      }
    },
  );

  it.each(outputs)(`equal the reference on 200 shapes drawn with BNN_TEST_SEED=${seed}: %s`, (name) => {
    for (const s of drawnShapes(200)) {
      const call = callsOf(s, operandsOf(s))[name];
      const expected = runOn('reference', call);
      for (const isa of vectorSets(families[name]))
        expectClose(runOn(isa, call), expected, tolerances[name], `${isa}, ${convTitle(s)}`);
    }
  });

  it.each(corners.map((s) => [convTitle(s), s] as const))(
    'give the same bits on 1, 2 and 3 threads: %s',
    (_, s) => {
      const calls = callsOf(s, operandsOf(s));
      for (const name of outputs) expectSameOnAnyThreads(families[name], calls[name]);
    },
  );
});

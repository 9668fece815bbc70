import { afterEach, describe, expect, it } from 'vitest';
import { corners, signAt, small } from './binary-shapes.js';
import { packedRows } from './conv-calls.js';
import { gridGroups } from './conv-grid.js';
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
  filterRows,
  filterSize,
  forEachChannels,
  forEachTap,
  guardedOutput,
  inputSize,
  outputSize,
  randomFloats,
  type ConvShape,
} from './shapes.js';

afterEach(restoreAddon);

interface Operands {
  readonly x: Float32Array;
  readonly xBits: Uint32Array;
  readonly w: Float32Array;
  readonly wBits: Uint32Array;
  readonly scale: Float32Array;
  readonly dy: Float32Array;
}

function operandsOf(s: ConvShape): Operands {
  return {
    x: randomFloats(inputSize(s), 1),
    xBits: packedRows(s.h * s.w * s.n, s.c, 2),
    w: randomFloats(filterSize(s), 3),
    wBits: packedRows(filterRows(s), s.k, 4),
    scale: randomFloats(s.k, 5),
    dy: randomFloats(outputSize(s), 6),
  };
}

const families = {
  'y of a binary input': 'binaryInputConvForward',
  'dw of a binary input': 'binaryConvBackwardFilter',
  'y of a binary filter': 'binaryFilterConvForward',
} as const;
type Output = keyof typeof families;
const outputs = Object.keys(families) as Output[];

function callsOf(shape: ConvShape, { x, xBits, w, wBits, scale, dy }: Operands): Record<Output, Call> {
  const output = (count: number, write: (values: Float32Array) => void): Call => {
    return () => ({ values: guardedOutput(count, write) });
  };
  return {
    'y of a binary input': output(outputSize(shape), (y) =>
      addon.binaryInputConvForward({ shape, x: xBits, w, y }),
    ),
    'dw of a binary input': output(filterSize(shape), (dw) =>
      addon.binaryConvBackwardFilter({ shape, x: xBits, dy, scale: null, latent: null, dw, gate: null }),
    ),
    'y of a binary filter': output(outputSize(shape), (y) =>
      addon.binaryFilterConvForward({ shape, x, w: wBits, scale, y }),
    ),
  };
}

/** The definition in float64. */
function convolveInDoubles(
  s: ConvShape,
  { x, xBits, w, wBits, scale, dy }: Operands,
): Record<Output, Float64Array> {
  const ofInput = new Float64Array(outputSize(s));
  const ofFilter = new Float64Array(outputSize(s));
  const dw = new Float64Array(filterSize(s));
  forEachTap(s, (tap, source, position) => {
    for (let image = 0; image < s.n; image++)
      forEachChannels(s, (c, k, row) => {
        const from = (source * s.n + image) * s.c + c;
        const filterRow = (tap * s.c) / s.groups + row;
        const weight = filterRow * s.k + k;
        const to = (position * s.n + image) * s.k + k;
        const xSign = signAt(xBits, source * s.n + image, s.c, c);
        ofInput[to] += xSign * w[weight];
        dw[weight] += xSign * dy[to];
        ofFilter[to] += x[from] * signAt(wBits, filterRow, s.k, k) * scale[k];
      });
  });
  return { 'y of a binary input': ofInput, 'dw of a binary input': dw, 'y of a binary filter': ofFilter };
}

/** More padding than a window reaches, and windows that skip positions. */
const sparse = [
  convShape({ h: 5, n: 16, c: 40, k: 40, kernel: 1, stride: 2 }),
  convShape({ h: 7, w: 6, n: 17, c: 20, k: 36, kernel: 2, stride: 3, pad: 1 }),
  convShape({ h: 5, n: 16, c: 65, k: 33, kernel: [1, 2], stride: 3, pad: 3 }),
  convShape({ h: 6, n: 18, c: 16, k: 16, kernel: 3, stride: 2, pad: 4 }),
  convShape({ h: 9, n: 20, c: 70, k: 70, kernel: 5, stride: 4, pad: 2 }),
];
const shapes = [...small, ...corners, ...sparse].map((s) => [convTitle(s), s] as const);
const tolerance = 1e-5;

describe('half-binary convolutions of the reference against their definitions in float64', () => {
  it.each([...small, ...sparse.slice(0, 2)].map((s) => [convTitle(s), s] as const))('%s', (_, s) => {
    const operands = operandsOf(s);
    const calls = callsOf(s, operands);
    const expected = convolveInDoubles(s, operands);
    for (const name of outputs) {
      const wanted = { values: Float32Array.from(expected[name]) };
      expectClose(runOn('reference', calls[name]), wanted, 1e-6, convTitle(s));
    }
  });
});

const fast = vectorSets('binaryInputConvForward');

describe.skipIf(fast.length === 0)(
  'the fast half-binary convolutions (skipped where the CPU has none)',
  () => {
    it.each(shapes)('equal the reference: %s', (_, s) => {
      const calls = callsOf(s, operandsOf(s));
      for (const name of outputs) {
        const expected = runOn('reference', calls[name]);
        for (const isa of vectorSets(families[name]))
          expectClose(runOn(isa, calls[name]), expected, tolerance, `${name}, ${isa}, ${convTitle(s)}`);
      }
    });

    describe.each(outputs)('%s equals the reference', (name) => {
      it.each(gridGroups().map((group) => [group.title, group.shapes] as const))(
        '%s',
        { timeout: 600_000 },
        (_, group) => {
          for (const s of group) {
            const call = callsOf(s, operandsOf(s))[name];
            const expected = runOn('reference', call);
            for (const isa of vectorSets(families[name]))
              expectClose(runOn(isa, call), expected, tolerance, `${isa}, ${convTitle(s)}`);
          }
        },
      );
    });

    it.each(shapes)('give the same bits on 1, 2 and 3 threads: %s', (_, s) => {
      const calls = callsOf(s, operandsOf(s));
      for (const name of outputs) expectSameOnAnyThreads(families[name], calls[name]);
    });
  },
);

describe('straightThroughFilter', () => {
  const edges = [1, -1, 0, -0, 1 + 2 ** -23, -1 - 2 ** -23, NaN, Infinity];
  it.each([1, 3, 8, 17, 64, 600])('scales the gradient inside the window, on %i channels', (channels) => {
    const rows = 37;
    const gradient = randomFloats(rows * channels, 1);
    const scale = randomFloats(channels, 2);
    const latent = randomFloats(rows * channels, 3).map((v, i) => (i % 7 === 0 ? edges[(i / 7) % 8] : 2 * v));
    const wanted = gradient.map((v, i) => (Math.abs(latent[i]) <= 1 ? v * scale[i % channels] : 0));
    for (const isa of ['reference', ...vectorSets('straightThroughFilter')]) {
      const values = gradient.slice();
      runOn(isa, () => {
        addon.straightThroughFilter({ rows, channels, scale, latent, dw: values });
        return {};
      });
      expect([...values]).toEqual([...wanted]);
    }
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import {
  addon,
  type Call,
  expectDoubles,
  expectLikeReference,
  expectSameOnAnyThreads,
  restoreAddon,
  runOn,
  vectorSets,
} from './kernel-runs.js';
import { guardedOutput, randomFloats } from './shapes.js';

afterEach(restoreAddon);

interface Pair {
  readonly rows: number;
  readonly size: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** Random rows; the second is equal in a and b, the third of a and the fourth of b are 0. */
function pairOf(rows: number, size: number): Pair {
  const a = randomFloats(rows * size, 1);
  const b = randomFloats(rows * size, 2);
  if (rows > 3) {
    b.set(a.subarray(size, 2 * size), size);
    a.fill(0, 2 * size, 3 * size);
    b.fill(0, 3 * size, 4 * size);
  }
  return { rows, size, a, b };
}

const forward =
  ({ rows, size, a, b }: Pair): Call =>
  () => {
    let statistics = new Float32Array();
    const value = guardedOutput(rows, (v) => {
      statistics = Float32Array.from(
        guardedOutput(rows * 4, (s) => addon.unitDistance({ rows, size, a, b, value: v, statistics: s })),
      );
    });
    return { value, statistics };
  };

const backward =
  ({ rows, size, a, b }: Pair, statistics: Float32Array): Call =>
  () => {
    const dy = randomFloats(rows, 3);
    return {
      da: guardedOutput(rows * size, (da) =>
        addon.unitDistanceBackward({ rows, size, dy, a, b, statistics, da }),
      ),
    };
  };

const statisticsOf = (pair: Pair): Float32Array =>
  runOn('reference', forward(pair))['statistics'] as Float32Array;

/** Value, u·d and the gradient of each row by their definitions; rows without a direction are u = 0 or v = 0. */
function inDoubles({ rows, size, a, b }: Pair): { value: number[]; da: number[] } {
  const dy = randomFloats(rows, 3);
  const value: number[] = [];
  const da: number[] = [];
  const unit = (row: number[]): { unit: number[]; norm: number } => {
    const norm = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    return { unit: norm > 1e-12 ? row.map((x) => x / norm) : row.map(() => 0), norm };
  };
  for (let row = 0; row < rows; row++) {
    const { unit: u, norm } = unit([...a.subarray(row * size, (row + 1) * size)]);
    const { unit: v } = unit([...b.subarray(row * size, (row + 1) * size)]);
    const d = u.map((x, i) => x - v[i]);
    const along = u.reduce((sum, x, i) => sum + x * d[i], 0);
    value.push(d.reduce((sum, x) => sum + x * x, 0));
    da.push(...d.map((x, i) => (norm > 1e-12 ? ((dy[row] * 2) / norm) * (x - u[i] * along) : 0)));
  }
  return { value, da };
}

const sizes = [1, 7, 8, 9, 31, 32, 33, 511, 512, 513, 1500, 16384];
const shapes = sizes.flatMap((size) => [1, 5].map((rows) => [rows, size] as const));

describe('unitDistance and its gradient', () => {
  it('have a kernel besides the reference wherever the CPU has AVX2 and FMA', () => {
    const fast = ['avx2', 'fma'].every((feature) => addon.cpuFeatures().includes(feature));
    for (const family of ['unitDistance', 'unitDistanceBackward'])
      expect(vectorSets(family)).toEqual(fast ? ['avx2'] : []);
  });

  it.each(shapes)('%i rows of %i: every set is the reference and the definition in doubles', (rows, size) => {
    const pair = pairOf(rows, size);
    const title = `${rows} × ${size}`;
    expectLikeReference('unitDistance', forward(pair), 1e-6, title);
    const { value, da } = inDoubles(pair);
    expectDoubles(
      'unitDistance',
      () => ({ value: forward(pair)()['value'] }),
      () => ({ value }),
    );
    // One element has no direction to turn to: its gradient is the rounding of 0.
    if (size === 1) return;
    expectLikeReference('unitDistanceBackward', backward(pair, statisticsOf(pair)), 1e-6, title);
    expectDoubles('unitDistanceBackward', backward(pair, statisticsOf(pair)), () => ({ da }));
  });

  it('equal rows and rows of zeros give exactly 0 where the gradient is 0', () => {
    const pair = pairOf(5, 77);
    for (const isa of ['reference', ...vectorSets('unitDistance')]) {
      const { value, statistics } = runOn(isa, forward(pair));
      expect(value[1]).toBe(0);
      const { da } = runOn(isa, backward(pair, statistics as Float32Array));
      for (const row of [1, 2])
        expect(da.subarray(row * 77, (row + 1) * 77).every((slope) => slope === 0)).toBe(true);
    }
  });

  it('give the same bits on 1, 2 and 3 threads', () => {
    const pair = pairOf(9, 3000);
    expectSameOnAnyThreads('unitDistance', forward(pair));
    expectSameOnAnyThreads('unitDistanceBackward', backward(pair, statisticsOf(pair)));
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { nativeAddon } from '../../src/backends/native/addon.js';
import { guardedOutput, largestError, pick, randomFloats, sameBits, seeded } from './shapes.js';

const addon = nativeAddon();
const initialIsa = addon.forcedIsa();
const initialThreads = addon.threads();

const sets = addon
  .kernels()
  .filter((kernel) => kernel.family === 'matMul' && kernel.available)
  .map((kernel) => kernel.isa);

afterEach(() => {
  addon.forceIsa(initialIsa);
  addon.setThreads(initialThreads);
});

interface Product {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** One matrix for the whole batch. */
  readonly sharedA: boolean;
  readonly sharedB: boolean;
}

const strideA = (p: Product): number => (p.sharedA ? 0 : p.m * p.k);
const strideB = (p: Product): number => (p.sharedB ? 0 : p.k * p.n);
const operandsOf = (p: Product): [Float32Array, Float32Array] => [
  randomFloats(p.m * p.k * (p.sharedA ? 1 : p.batch), 1),
  randomFloats(p.k * p.n * (p.sharedB ? 1 : p.batch), 2),
];

function multiply(isa: string, p: Product, [a, b]: [Float32Array, Float32Array]): Float32Array {
  expect(addon.forceIsa(isa)).toBe(true);
  const { batch, m, n, k, transposeA, transposeB } = p;
  return guardedOutput(batch * m * n, (c) => {
    addon.matMul({ batch, m, n, k, transposeA, transposeB, sharedA: p.sharedA, sharedB: p.sharedB, a, b, c });
  });
}

function multiplyInDoubles(p: Product, [a, b]: [Float32Array, Float32Array]): Float64Array {
  const c = new Float64Array(p.batch * p.m * p.n);
  for (let pair = 0; pair < p.batch; pair++)
    for (let i = 0; i < p.m; i++)
      for (let j = 0; j < p.n; j++) {
        let sum = 0;
        for (let q = 0; q < p.k; q++) {
          const left = a[pair * strideA(p) + (p.transposeA ? q * p.m + i : i * p.k + q)];
          const right = b[pair * strideB(p) + (p.transposeB ? j * p.k + q : q * p.n + j)];
          sum += left * right;
        }
        c[(pair * p.m + i) * p.n + j] = sum;
      }
  return c;
}

const plain = { batch: 1, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
const next = seeded(11);
const sizes = [1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 17, 24, 25, 33, 64, 70];
const flip = (): boolean => next() < 0.5;
const products: Product[] = [
  { ...plain, m: 1, n: 1, k: 1 },
  { ...plain, m: 4, n: 5, k: 0 },
  { ...plain, m: 64, n: 10, k: 512 },
  { ...plain, m: 512, n: 10, k: 64, transposeA: true },
  { ...plain, m: 64, n: 512, k: 10, transposeB: true },
  { ...plain, m: 200, n: 40, k: 700, transposeA: true, transposeB: true },
  { ...plain, batch: 3, m: 100, n: 20, k: 30, sharedB: true },
  { ...plain, batch: 3, m: 20, n: 100, k: 30, sharedA: true },
  ...Array.from({ length: 60 }, () => ({
    ...{
      batch: pick([1, 2, 3, 5], next),
      m: pick(sizes, next),
      n: pick(sizes, next),
      k: pick([...sizes, 130, 257], next),
    },
    ...{ transposeA: flip(), transposeB: flip(), sharedA: flip(), sharedB: flip() },
  })),
];

function title(p: Product): string {
  const matrix = (name: string, transposed: boolean, shared: boolean): string =>
    `${shared ? 'shared ' : ''}${name}${transposed ? 'ᵀ' : ''}`;
  const left = matrix('a', p.transposeA, p.sharedA);
  return `${p.batch} × ${p.m}·${p.k}·${p.n} ${left} · ${matrix('b', p.transposeB, p.sharedB)}`;
}

describe('matMul', () => {
  it.each(products.map((p) => [title(p), p] as const))('is the product in float64: %s', (_, p) => {
    const operands = operandsOf(p);
    const expected = multiplyInDoubles(p, operands);
    for (const isa of sets)
      expect(largestError(multiply(isa, p, operands), expected), isa).toBeLessThan(
        isa === 'reference' ? 1e-6 : 1e-5,
      );
  });

  it.each(sets)('%s gives the same bits on 1, 2 and 3 threads', (isa) => {
    for (const p of products.slice(2, 8)) {
      const operands = operandsOf(p);
      const onThreads = (threads: number): Float32Array => {
        addon.setThreads(threads);
        return multiply(isa, p, operands);
      };
      const [one, two, three] = [onThreads(1), onThreads(2), onThreads(3)];
      expect(sameBits(one, two), title(p)).toBe(true);
      expect(sameBits(one, three), title(p)).toBe(true);
    }
  });
});

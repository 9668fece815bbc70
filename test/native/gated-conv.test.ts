import { afterEach, describe, expect, it } from 'vitest';
import { corners, small } from './binary-shapes.js';
import {
  binaryCalls,
  binaryConvolution,
  binaryOperands,
  directions,
  type BinaryOperands,
} from './conv-calls.js';
import {
  addon,
  expectClose,
  expectLikeReference,
  expectSameOnAnyThreads,
  restoreAddon,
  runOn,
  vectorSets,
  type Call,
} from './kernel-runs.js';
import { convTitle, guardedOutput, outputSize, randomFloats, type ConvShape } from './shapes.js';

afterEach(restoreAddon);

const family = 'binaryConvGateGradient';
const titled = (shapes: readonly ConvShape[]): (readonly [string, ConvShape])[] =>
  shapes.map((s) => [convTitle(s), s] as const);

function gatedOperands(s: ConvShape): BinaryOperands & { readonly gate: Float32Array } {
  return { ...binaryOperands(s), gate: randomFloats(s.n * s.k, 6) };
}

const withoutSlope = { gate: null, sumSlope: null, dz: null, dslope: null };

const gateGradient =
  (s: ConvShape, { x, w, scale, dy }: BinaryOperands): Call =>
  () => ({
    dgate: guardedOutput(s.n * s.k, (dgate) =>
      addon.binaryConvGateGradient({ ...{ shape: s, x, w, scale, dy, dgate }, ...withoutSlope }),
    ),
  });

const slopesOf = (s: ConvShape): Float32Array => randomFloats(s.k, 9).map((v, k) => (k % 5 === 0 ? 0 : v));

/** With a PReLU of the sums: what they give with a residual, and the gradients to gate, sums and slopes. */
const slopedSums = (
  s: ConvShape,
  { x, w, scale, dy, gate }: BinaryOperands,
): { readonly forward: Call; readonly gradients: Call } => {
  const slope = slopesOf(s);
  const residual = randomFloats(outputSize(s), 8);
  return {
    forward: () => ({
      y: guardedOutput(outputSize(s), (y) =>
        addon.binaryConvForward({
          shape: s,
          x,
          w,
          scale,
          residual,
          residualSlope: null,
          y,
          gate,
          sumSlope: slope,
        }),
      ),
    }),
    gradients: () => {
      let [dz, dslope] = [new Float32Array(), new Float32Array()] as Float32Array[];
      const dgate = guardedOutput(s.n * s.k, (g) => {
        dz = guardedOutput(outputSize(s), (z) => {
          dslope = guardedOutput(s.k, (d) =>
            addon.binaryConvGateGradient({
              ...{ shape: s, x, w, scale, dy, dgate: g, gate },
              ...{ sumSlope: slope, dz: z, dslope: d },
            }),
          );
        });
      });
      return { dgate, dz, dslope };
    },
  };
};

describe('the reference of a gated binary convolution', () => {
  it.each(titled(small))('is that without a gate, multiplied: %s', (title, s) => {
    const operands = gatedOperands(s);
    const { gate, dy } = operands;
    const calls = binaryCalls(s, operands);
    const plain = { ...operands, gate: null };
    const multiplied = (map: ArrayLike<number>): Float32Array =>
      Float32Array.from(map, (value, i) => value * gate[i % gate.length]);
    const { y } = runOn('reference', binaryCalls(s, plain).y);
    expectClose(runOn('reference', calls.y), { y: multiplied(y) }, 1e-6, title);
    const ofGated = binaryCalls(s, { ...plain, dy: multiplied(dy) });
    for (const name of ['dx', 'dw'] as const)
      expectClose(runOn('reference', calls[name]), runOn('reference', ofGated[name]), 1e-6, title);
    const dgate = new Float64Array(gate.length);
    y.forEach((value, i) => (dgate[i % gate.length] += value * dy[i]));
    const expected = { dgate: Float32Array.from(dgate) };
    expectClose(runOn('reference', gateGradient(s, operands)), expected, 1e-6, title);
  });
});

describe('the reference of a binary convolution with a PReLU', () => {
  it.each(titled(small))('is that without one, and a PReLU: %s', (title, s) => {
    for (const operands of [gatedOperands(s), binaryOperands(s)]) {
      const { dy, gate } = operands;
      const { y: z } = runOn('reference', binaryCalls(s, operands).y);
      const { forward, gradients } = slopedSums(s, operands);
      const slope = slopesOf(s);
      const residual = randomFloats(outputSize(s), 8);
      const factors = Float32Array.from(z, (v, i) => (v > 0 ? 1 : slope[i % s.k]));
      const y = Float32Array.from(z, (v, i) => factors[i] * v + residual[i]);
      expectClose(runOn('reference', forward), { y }, 1e-6, title);
      const dz = Float32Array.from(dy, (v, i) => factors[i] * v);
      const dslope = new Float64Array(s.k);
      z.forEach((v, i) => (dslope[i % s.k] += dy[i] * Math.min(v, 0)));
      const { dgate } = runOn('reference', gateGradient(s, { ...operands, dy: dz }));
      const expected = { dgate, dz, dslope: Float32Array.from(dslope) };
      expectClose(runOn('reference', gradients), expected, 1e-6, `${title}, gate ${gate !== null}`);
    }
  });
});

describe.skipIf(vectorSets(family).length === 0)('the fast gated binary convolutions', () => {
  const { families, tolerances } = binaryConvolution;

  it.each(titled([...small, ...corners]))('equal the reference: %s', (title, s) => {
    const operands = gatedOperands(s);
    const calls = binaryCalls(s, operands);
    for (const name of directions) expectLikeReference(families[name], calls[name], tolerances[name], title);
    expectLikeReference(family, gateGradient(s, operands), 1e-5, title);
    for (const which of [operands, binaryOperands(s)]) {
      const { forward, gradients } = slopedSums(s, which);
      expectLikeReference(families.y, forward, tolerances.y, title);
      expectLikeReference(family, gradients, 1e-5, title);
    }
  });

  it.each(titled(corners))('give the same bits on 1, 2 and 3 threads: %s', (_, s) => {
    const operands = gatedOperands(s);
    const calls = binaryCalls(s, operands);
    for (const name of directions) expectSameOnAnyThreads(families[name], calls[name]);
    expectSameOnAnyThreads(family, gateGradient(s, operands));
    const { forward, gradients } = slopedSums(s, operands);
    expectSameOnAnyThreads(families.y, forward);
    expectSameOnAnyThreads(family, gradients);
  });

  it('add a residual and its PReLU as without a gate', () => {
    const s = small.find(({ k }) => k > 16) ?? small[0];
    const { x, w, scale, gate } = gatedOperands(s);
    const residual = randomFloats(outputSize(s), 8);
    const slope = randomFloats(s.k, 9);
    const call: Call = () => ({
      y: guardedOutput(outputSize(s), (y) =>
        addon.binaryConvForward({
          shape: s,
          x,
          w,
          scale,
          residual,
          residualSlope: slope,
          y,
          gate,
          sumSlope: null,
        }),
      ),
    });
    expectLikeReference(families.y, call, tolerances.y, convTitle(s));
    const { y } = runOn('reference', call);
    const { y: alone } = runOn('reference', binaryCalls(s, gatedOperands(s)).y);
    const sum = alone.map((v, i) => v + residual[i] * (residual[i] > 0 ? 1 : slope[i % s.k]));
    expectClose({ y }, { y: Float32Array.from(sum) }, 1e-6, convTitle(s));
  });

  it('exist', () => expect(vectorSets(family)).not.toEqual([]));
});

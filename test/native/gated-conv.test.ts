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
import { convTitle, guardedOutput, outputSize, randomFloats, shapeArray, type ConvShape } from './shapes.js';

afterEach(restoreAddon);

const family = 'binaryConvGateGradient';
const titled = (shapes: readonly ConvShape[]): (readonly [string, ConvShape])[] =>
  shapes.map((s) => [convTitle(s), s] as const);

function gatedOperands(s: ConvShape): BinaryOperands & { readonly gate: Float32Array } {
  return { ...binaryOperands(s), gate: randomFloats(s.n * s.k, 6) };
}

const gateGradient =
  (s: ConvShape, { x, w, scale, dy }: BinaryOperands): Call =>
  () => ({
    dgate: guardedOutput(s.n * s.k, (dgate) =>
      addon.binaryConvGateGradient(shapeArray(s), x, w, scale, dy, dgate),
    ),
  });

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

describe.skipIf(vectorSets(family).length === 0)('the fast gated binary convolutions', () => {
  const { families, tolerances } = binaryConvolution;

  it.each(titled([...small, ...corners]))('equal the reference: %s', (title, s) => {
    const operands = gatedOperands(s);
    const calls = binaryCalls(s, operands);
    for (const name of directions) expectLikeReference(families[name], calls[name], tolerances[name], title);
    expectLikeReference(family, gateGradient(s, operands), 1e-5, title);
  });

  it.each(titled(corners))('give the same bits on 1, 2 and 3 threads: %s', (_, s) => {
    const operands = gatedOperands(s);
    const calls = binaryCalls(s, operands);
    for (const name of directions) expectSameOnAnyThreads(families[name], calls[name]);
    expectSameOnAnyThreads(family, gateGradient(s, operands));
  });

  it('add a residual and its PReLU as without a gate', () => {
    const s = small.find(({ k }) => k > 16) ?? small[0];
    const { x, w, scale, gate } = gatedOperands(s);
    const residual = randomFloats(outputSize(s), 8);
    const slope = randomFloats(s.k, 9);
    const call: Call = () => ({
      y: guardedOutput(outputSize(s), (y) =>
        addon.binaryConvForward(shapeArray(s), x, w, scale, residual, slope, y, gate),
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

/** Several JavaScript threads load the addon and call it at once. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { binaryOperands, floatOperands } from './conv-calls.js';
import { addon, restoreAddon, runOn } from './kernel-runs.js';
import { convShape, filterSize, inputSize, outputSize, shapeArray } from './shapes.js';

afterEach(restoreAddon);

const path =
  process.env['BNN_DISTILL_ADDON'] ??
  fileURLToPath(new URL('../../native/build/bnn_distill.node', import.meta.url));

const sets = addon.instructionSets().filter((isa) => addon.forceIsa(isa));
restoreAddon();

type Name = 'binaryConvForward' | 'binaryConvBackwardFilter' | 'floatConvForward' | 'floatConvBackwardInput';

/** A kernel call, and what it may give: the result of each instruction set, since another thread changes the set. */
interface RepeatedCall {
  readonly name: Name;
  readonly parameters: Parameters<(typeof addon)[Name]>;
  readonly output: Float32Array;
  readonly expected: readonly Float32Array[];
}

function repeated(
  name: Name,
  output: Float32Array,
  ...parameters: Parameters<(typeof addon)[Name]>
): RepeatedCall {
  const expected = sets.map((isa) => {
    runOn(isa, () => {
      addon[name](...parameters);
      return {};
    });
    return output.slice();
  });
  return { name, parameters, output, expected };
}

/** Convolutions of one group and of several, which some implementations run group by group. */
function repeatedCalls(): RepeatedCall[] {
  return [1, 2].flatMap((groups) => {
    const s = convShape({ h: 6, n: 5, c: 32, k: 48, kernel: 3, pad: 1, groups });
    const shape = shapeArray(s);
    const { x, w, scale, latent } = binaryOperands(s);
    const float = floatOperands(s);
    const [y, floatY] = [new Float32Array(outputSize(s)), new Float32Array(outputSize(s))];
    const dx = new Float32Array(inputSize(s));
    const dw = new Float32Array(filterSize(s));
    return [
      repeated('binaryConvForward', y, shape, x, w, scale, null, null, y, null, null),
      repeated('binaryConvBackwardFilter', dw, shape, x, float.dy, scale, latent, dw, null),
      repeated('floatConvForward', floatY, shape, float.x, float.w, floatY),
      repeated('floatConvBackwardInput', dx, shape, float.dy, float.w, dx),
    ];
  });
}

/** How many calls or changes a thread made, and how many of them went wrong. */
interface Answer {
  readonly done: number;
  readonly wrong: number;
}

async function inThread(work: object, running: Int32Array): Promise<Answer> {
  const entry = fileURLToPath(new URL('./threads-worker.mjs', import.meta.url));
  const worker = new Worker(entry, { workerData: { path, work, running }, execArgv: [] });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

describe('several JavaScript threads', () => {
  it('run kernels while one changes instruction set, threads and timing', async () => {
    const rounds = 40;
    const calls = repeatedCalls();
    const running = new Int32Array(new SharedArrayBuffer(4)).fill(2);
    const [first, second, controls] = await Promise.all([
      inThread({ calls, rounds }, running),
      inThread({ calls, rounds }, running),
      inThread({ sets }, running),
    ]);
    expect([first, second]).toEqual(Array(2).fill({ done: rounds * calls.length, wrong: 0 }));
    expect(controls.done).toBeGreaterThan(0);
    expect(controls.wrong).toBe(0);
    expect(addon.stopTiming()).toEqual([]);
  });
});

describe('scratch memory', () => {
  it('no longer grows once each call has run', () => {
    const calls = repeatedCalls();
    const runAll = (): number => {
      for (const isa of sets)
        for (const { name, parameters } of calls)
          runOn(
            isa,
            () => {
              addon[name](...parameters);
              return {};
            },
            1,
          );
      return addon.scratchBytes();
    };
    const held = runAll();
    expect(held).toBeGreaterThan(0);
    expect(runAll()).toBe(held);
  });
});

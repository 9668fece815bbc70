/** Several JavaScript threads load the addon and call it at once. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { binaryOperands, floatOperands } from './conv-calls.js';
import { addon, restoreAddon } from './kernel-runs.js';
import { convShape, filterSize, inputSize, outputSize } from './shapes.js';

afterEach(restoreAddon);

const path =
  process.env['BNN_DISTILL_ADDON'] ??
  fileURLToPath(new URL('../../native/build/bnn_distill.node', import.meta.url));

const sets = addon.instructionSets().filter((isa) => addon.forceIsa(isa));
restoreAddon();

/** A kernel call, and what it may give: the result of each instruction set, since another thread changes the set. */
interface RepeatedCall {
  readonly name: string;
  readonly fields: object;
  readonly output: Float32Array;
  readonly expected: readonly Float32Array[];
}

/** The call as a thread gets it, and as a function here. */
interface Repeated {
  readonly sent: RepeatedCall;
  readonly run: () => void;
}

function repeated<Fields extends object>(
  kernel: (fields: Fields) => void,
  fields: Fields,
  output: Float32Array,
): Repeated {
  const run = (): void => kernel(fields);
  const expected = sets.map((isa) => {
    addon.forceIsa(isa);
    run();
    return output.slice();
  });
  return { sent: { name: kernel.name, fields, output, expected }, run };
}

/** Convolutions of one group and of several, which some implementations run group by group. */
function repeatedCalls(): Repeated[] {
  return [1, 2].flatMap((groups) => {
    const shape = convShape({ h: 6, n: 5, c: 32, k: 48, kernel: 3, pad: 1, groups });
    const { x, w, scale, latent } = binaryOperands(shape);
    const floats = floatOperands(shape);
    const { dy } = floats;
    const [y, floatY] = [new Float32Array(outputSize(shape)), new Float32Array(outputSize(shape))];
    const dx = new Float32Array(inputSize(shape));
    const dw = new Float32Array(filterSize(shape));
    const plain = { residual: null, residualSlope: null, gate: null, sumSlope: null };
    return [
      repeated(addon.binaryConvForward, { shape, x, w, scale, ...plain, y }, y),
      repeated(addon.binaryConvBackwardFilter, { shape, x, dy, scale, latent, dw, gate: null }, dw),
      repeated(addon.floatConvForward, { shape, x: floats.x, w: floats.w, y: floatY }, floatY),
      repeated(addon.floatConvBackwardInput, { shape, dy, w: floats.w, dx }, dx),
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
    const calls = repeatedCalls().map(({ sent }) => sent);
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
      addon.setThreads(1);
      for (const isa of sets) {
        addon.forceIsa(isa);
        for (const { run } of calls) run();
      }
      return addon.scratchBytes();
    };
    const held = runAll();
    expect(held).toBeGreaterThan(0);
    expect(runAll()).toBe(held);
  });
});

/**
 * Calls every function of the addon with right and wrong arguments, drawn from a seed: each call depends on the seed and its
 * number alone. It prints how many each function took and refused. Run as a process of its own by run-fuzz.ts, since a fault
 * would end it.
 *
 * usage: node --import tsx test/fuzz/program.ts <seed> <first> <count> <file that holds the number of the call that runs>
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type KernelDescription, nativeAddon } from '../../src/backends/native/addon.js';
import { pick, seeded } from '../native/shapes.js';
import { brokenMemory, drawCall, type Random } from './kernel-call.js';
import { getterError, mutate } from './mutations.js';

const addon = nativeAddon();
type Function = (argument?: unknown) => unknown;
const functions = addon as unknown as Readonly<Record<string, Function>>;
const sets = addon
  .instructionSets()
  .filter((set) => addon.kernels().some(({ isa, available }) => isa === set && available));

/** The fields of measureBandwidth, which is no kernel. */
const bandwidth: KernelDescription = {
  ...{ ...addon.kernelFields()[0], family: 'measureBandwidth', together: [] },
  fields: ['count', 'from', 'to'].map((name, i) => ({
    ...{ name, parent: -1, positive: false, choices: [], nullable: false, below: '', mayBe: [] },
    ...(i === 0
      ? ({ kind: 'size', access: 'input', dims: [] } as const)
      : ({ kind: 'floats', access: i === 1 ? 'input' : 'output', dims: ['count'] } as const)),
  })),
};
const described = new Map([...addon.kernelFields(), bandwidth].map((kernel) => [kernel.family, kernel]));

const others: readonly unknown[] = [undefined, null, {}, [], 1n, Symbol('x'), NaN, -1, 0.5, 2 ** 53, ''];
/** The arguments of what takes one that is no object of fields; those that take long are left out. */
const controls: Readonly<Record<string, readonly unknown[]>> = {
  allocate: [...others, 0, 1, 4095, 4096, 4097, 3 << 20, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 40, '8'],
  kernels: others,
  cpuFeatures: others,
  instructionSets: others,
  forceIsa: [...others, ...sets, 'sse9', 'x'.repeat(1000)],
  forcedIsa: others,
  setThreads: [...others, 1, 2, 3, 4, 1025, 2 ** 31, 2 ** 32 + 1, '2', true],
  threads: others,
  scratchBytes: others,
  startTiming: [...others, true, false],
  stopTiming: others,
  measureFmaPeak: [...others, 'sse9'],
  kernelFields: others,
};
const names = Object.keys(addon).sort();

const [seed, first, count] = process.argv.slice(2, 5).map(Number);
const position = openSync(process.argv[5], 'w');
const taken: Record<string, number> = {};
const refused: Record<string, number> = {};
for (let number = first; number < first + count; number++) {
  writeSync(position, String(number).padStart(12), 0);
  const name = names[number % names.length];
  const done = callOnce(name, seeded(Math.imul(seed, 0x9e3779b1) + number));
  const counts = done ? taken : refused;
  counts[name] = (counts[name] ?? 0) + 1;
}
closeSync(position);
console.log(JSON.stringify({ taken, refused }));

/** Calls a function; false where it refused. */
function callOnce(name: string, next: Random): boolean {
  addon.forceIsa(pick(sets, next));
  if (next() < 0.05) addon.setThreads(pick([1, 2, 3], next));
  if (next() < 0.02) addon.startTiming(next() < 0.5);
  const kernel = described.get(name);
  const own = controls[name];
  if (!kernel && !own) throw new Error(`the fuzz test knows no arguments for ${name}`);
  if (!kernel) return outcome(name, () => functions[name](pick(own, next)), []);
  const call = drawCall(kernel, next);
  const { argument, done } = mutate(call, next);
  const went = outcome(name, () => functions[name](argument), done);
  const broken = done.length === 0 ? brokenMemory(call) : undefined;
  if (broken) throw new Error(`${name}: ${broken}`);
  return went;
}

function outcome(name: string, run: () => unknown, mutations: readonly string[]): boolean {
  try {
    run();
    return true;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const isRight =
      error === getterError ||
      (error instanceof TypeError && (text.startsWith(`${name}: '`) || text.startsWith(`${name} takes`))) ||
      (error instanceof Error && /: there is not enough memory$|instruction set/.test(text));
    if (!isRight) throw new Error(`${name} (${mutations.join(', ')}): ${text}`, { cause: error });
    return false;
  }
}

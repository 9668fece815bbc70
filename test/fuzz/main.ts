// Calls every function of the addon very often with right and wrong arguments; ends with an error at the first that faults.
// With --sanitized the addon is the one that `make -C native sanitized` builds, which ends at the first wrong access too.
// usage: npm run test:fuzz -- [--calls 200000] [--seed 1] [--first 0] [--sanitized]
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.js';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    sanitized: { type: 'boolean', default: false },
  },
});
const [seed, first, calls] = [values.seed, values.first, values.calls].map(Number);

function sanitizedEnvironment(): Record<string, string> {
  const compiler = process.env['CXX']?.split(' ').at(-1) ?? 'g++';
  const runtime = execFileSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  return {
    BNN_DISTILL_ADDON: fileURLToPath(
      new URL('../../native/build/bnn_distill_sanitized.node', import.meta.url),
    ),
    LD_PRELOAD: runtime,
    // Node frees not all at its end, and memory that is not there is an Error.
    ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:quarantine_size_mb=32',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
}

const began = performance.now();
const { taken, refused } = await runFuzz({
  ...{ seed, first, calls, patienceMs: 600_000 },
  environment: values.sanitized ? sanitizedEnvironment() : {},
});
const seconds = ((performance.now() - began) / 1000).toFixed(0);
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
const names = [...new Set([...Object.keys(taken), ...Object.keys(refused)])].sort();
for (const name of names)
  console.log(`${name.padEnd(28)} took ${taken[name] ?? 0}, refused ${refused[name] ?? 0}`);
console.log(
  `${calls} calls of ${names.length} functions, seed ${seed}${values.sanitized ? ', sanitized' : ''}: ${sum(taken)} taken, ${sum(refused)} refused, no fault, in ${seconds} s`,
);

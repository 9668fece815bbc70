// Calls every function of the addon very often with right and wrong arguments; ends with an error at the first that faults.
// usage: npm run test:fuzz -- [--calls 200000] [--seed 1] [--first 0]
import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.js';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
  },
});
const [seed, first, calls] = [values.seed, values.first, values.calls].map(Number);
const began = performance.now();
const { taken, refused } = await runFuzz(seed, first, calls, 600_000);
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
const names = [...new Set([...Object.keys(taken), ...Object.keys(refused)])].sort();
for (const name of names)
  console.log(`${name.padEnd(28)} took ${taken[name] ?? 0}, refused ${refused[name] ?? 0}`);
console.log(
  `${calls} calls of ${names.length} functions, seed ${seed}: ${sum(taken)} taken, ${sum(refused)} refused, no fault, in ${((performance.now() - began) / 1000).toFixed(0)} s`,
);

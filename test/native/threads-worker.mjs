// The threads of threads.test.ts. Plain JavaScript, since a worker thread loads no TypeScript.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const { path, work, running } = workerData;
const addon = createRequire(import.meta.url)(path);
parentPort.postMessage(work.sets === undefined ? runKernels(work) : turnControls(work));

/** Calls kernels again and again. @returns the calls, and how many gave the bits of none of the expected results */
function runKernels({ calls, rounds }) {
  const bytes = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength);
  let wrong = 0;
  try {
    for (let round = 0; round < rounds; round++)
      for (const { name, fields, output, expected } of calls) {
        output.fill(NaN);
        addon[name](fields);
        if (!expected.some((result) => bytes(result).equals(bytes(output)))) wrong++;
      }
  } finally {
    Atomics.sub(running, 0, 1);
  }
  return { done: rounds * calls.length, wrong };
}

/** Changes instruction set, threads and timing while kernels run. @returns the changes, and how many times made no sense */
function turnControls({ sets }) {
  let done = 0;
  let wrong = 0;
  for (; Atomics.load(running, 0) > 0; done++) {
    addon.forceIsa(sets[done % sets.length]);
    addon.setThreads(1 + (done % 3));
    addon.startTiming(done % 2 === 0);
    const until = performance.now() + 1;
    while (performance.now() < until) addon.kernels();
    for (const { name, calls, ms } of addon.stopTiming())
      if (typeof name !== 'string' || !(calls >= 1) || !(ms >= 0)) wrong++;
    if (!(addon.scratchBytes() >= 0)) wrong++;
  }
  return { done, wrong };
}

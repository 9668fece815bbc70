// Where the time of a training step goes: by kernel, or with --shapes by kernel and shape, with the share of JavaScript and
// engine (wall time outside of the addon), page faults of a steady step, tensors and memory.
// With --against it profiles the step of another built checkout of this project too, the two in turns.
// usage: npm run bench:profile -- [--net resnet20] [--batch 128] [--threads 2] [--steps 10] [--shapes] [--json]
//        [--against <checkout>] [--rounds 3]
// `npm run -s` leaves out npm's banner, so that with --json only the object is printed.
import { availableParallelism } from 'node:os';
import { backend, memory } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../src/backends/native/native-backend.js';
import { program } from './support/program.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { compared, ratioText, runInTurns, type Sides } from './support/in-turns.js';
import { describeMachine, peakRssMiB, thisMachine } from './support/machine.js';
import { benchBatches, benchNetworks, depthOf } from './support/networks.js';
import type { ProfileFigures } from './support/profile-figures.js';
import { median } from './support/statistics.js';
import { profileOf } from './support/step-profile.js';
import { formatTable } from './support/table.js';
import { trainingStep, warmUpSteps } from './support/training-step.js';

await program('bench:profile', async () => {
  const flags = readFlags({
    net: { type: 'string', default: 'resnet20' },
    batch: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    steps: { type: 'string', default: '10' },
    shapes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    against: { type: 'string' },
    rounds: { type: 'string', default: '3' },
  });
  const net = oneOf('--net', flags.net, benchNetworks);
  const batch = flags.batch === undefined ? benchBatches[net] : wholeNumber('--batch', flags.batch);
  const threads = wholeNumber('--threads', flags.threads);
  const steps = wholeNumber('--steps', flags.steps);
  if (flags.against !== undefined) {
    const settings = ['--net', net, '--batch', batch, '--threads', threads, '--steps', steps].map(String);
    const args = [...settings, ...(flags.shapes ? ['--shapes'] : []), '--json'];
    const rounds = wholeNumber('--rounds', flags.rounds);
    runInTurns<ProfileFigures>('profile', flags.against, [args], { rounds, env: process.env }, (_, sides) =>
      flags.json ? console.log(JSON.stringify(sides)) : printSides(flags.against!, sides),
    );
    return;
  }
  const figures = await measure(net, batch, threads, steps, flags.shapes);
  if (flags.json) console.log(JSON.stringify(figures));
  else print(figures);
});

async function measure(
  net: (typeof benchNetworks)[number],
  batch: number,
  threads: number,
  steps: number,
  shapes: boolean,
): Promise<ProfileFigures> {
  const step = await trainingStep(depthOf(net), { batch, threads });
  const { addon, pool } = backend() as NativeBackend;
  for (let i = 0; i < warmUpSteps; i++) step();
  pool.resetPeak();
  const tensorsBefore = memory().numTensors;
  const faults: number[] = [];
  let wallMs = 0;
  addon.startTiming(shapes);
  for (let i = 0; i < steps; i++) {
    const faultsBefore = process.resourceUsage().minorPageFault;
    const began = performance.now();
    step();
    wallMs += performance.now() - began;
    faults.push(process.resourceUsage().minorPageFault - faultsBefore);
  }
  const profile = profileOf(addon.stopTiming(), steps, wallMs);
  return {
    machine: thisMachine(),
    net,
    batch,
    threads,
    steps,
    imagesPerSecond: (batch / profile.stepMs) * 1000,
    ...profile,
    minorFaults: { median: median(faults), most: Math.max(...faults) },
    numTensors: { before: tensorsBefore, after: memory().numTensors },
    poolBytes: { used: pool.usedBytes, peak: pool.peakBytes, held: pool.heldBytes },
    scratchBytes: addon.scratchBytes(),
    peakRssMiB: Math.round(peakRssMiB()),
  };
}

function print(figures: ProfileFigures): void {
  const { machine, net, batch, threads, steps, stepMs, kernels, engine } = figures;
  console.log(describeMachine(machine));
  console.log(
    `${net} N=${batch}, ${threads} thread${threads === 1 ? '' : 's'}, mean of ${steps} steps: ${stepMs.toFixed(1)} ms, ${figures.imagesPerSecond.toFixed(1)} images/s\n`,
  );
  const line = (name: string, calls: string, ms: number, percent: number): string[] => [
    name,
    calls,
    ms.toFixed(2),
    percent.toFixed(1),
  ];
  console.log(
    formatTable(
      ['kernel', 'calls', 'ms', '%'],
      [
        ...kernels.map(({ name, calls, ms, percent }) => line(name, calls.toFixed(0), ms, percent)),
        line('JavaScript and engine', '', engine.ms, engine.percent),
      ],
    ),
  );
  const { minorFaults, numTensors, poolBytes } = figures;
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  console.log(`
minor page faults a step  ${minorFaults.median} (median), ${minorFaults.most} (most)
tensors                   ${numTensors.before} before, ${numTensors.after} after
pool                      ${mib(poolBytes.used)} MiB used between steps, ${mib(poolBytes.peak)} at the peak, ${mib(poolBytes.held)} held
kernels' scratch memory   ${mib(figures.scratchBytes)} MiB
process                   ${figures.peakRssMiB} MiB at the peak`);
}

/** Step, engine and kernels of both checkouts: medians of the rounds, and the ratio theirs/ours with its spread. */
function printSides(against: string, sides: Sides<ProfileFigures>): void {
  const { machine, net, batch, threads, steps } = sides.ours[0];
  console.log(describeMachine(machine));
  console.log(
    `${net} N=${batch}, ${threads} thread${threads === 1 ? '' : 's'}, ${sides.ours.length} rounds of ${steps} steps in turns with ${against}\n`,
  );
  const line = (name: string, msOf: (figures: ProfileFigures) => number): string[] => {
    const times = compared(sides, msOf);
    return [name, times.ours.toFixed(2), times.theirs.toFixed(2), ratioText(times)];
  };
  const msOfKernel =
    (name: string) =>
    ({ kernels }: ProfileFigures): number =>
      kernels.find((kernel) => kernel.name === name)?.ms ?? NaN;
  console.log(
    formatTable(
      ['', 'ours, ms', 'theirs, ms', 'theirs/ours'],
      [
        line('step', ({ stepMs }) => stepMs),
        line('JavaScript and engine', ({ engine }) => engine.ms),
        ...sides.ours[0].kernels.map(({ name }) => line(name, msOfKernel(name))),
      ],
    ),
  );
  const share = ({ engine }: ProfileFigures): number => engine.percent;
  const [ours, theirs] = [median(sides.ours.map(share)), median(sides.theirs.map(share))];
  console.log(`\nJavaScript and engine: ${ours.toFixed(1)} % of our step, ${theirs.toFixed(1)} % of theirs`);
}

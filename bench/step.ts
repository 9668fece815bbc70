// A training step of ours against PyTorch's: the same networks, losses and batches, as child processes in turn on this
// machine, the median ratio of rounds. The peer runs as it circulates and in its fastest form (--tuned), each in the faster
// of its two memory formats. It needs Debian's python3-torch and the peer's program (--peer, default
// ../shared/peer/torch_bnn.py).
// usage: npm run bench:step -- [--json] [--isa avx2] [--nets resnet20,resnet18] [--threads 2,1] [--rounds 3] [--steps 5] [--peer <file>]
// `npm run -s` leaves out npm's banner, so that with --json only the object is printed.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError } from '../src/errors.js';
import { readFlags, wholeNumber } from './support/flags.js';
import { thisMachine } from './support/machine.js';
import { benchBatches, type BenchNetwork, networksOf } from './support/networks.js';
import { type OwnStepFigures, runOwnStep } from './support/own-process.js';
import { program } from './support/program.js';
import { median } from './support/statistics.js';

/** What both sides measure. */
type StepFigures = Pick<OwnStepFigures, 'stepMs' | 'imagesPerSecond' | 'peakRssMiB'>;

/** The two sides of the comparison on one network, a number of threads at a time. */
interface Sides {
  readonly own: (net: BenchNetwork, threads: number) => OwnStepFigures;
  readonly peer: (net: BenchNetwork, threads: number, format: 'nchw' | 'nhwc', tuned: boolean) => StepFigures;
}

const python = '/usr/bin/python3';

await program('bench:step', () => {
  const flags = readFlags({
    json: { type: 'boolean', default: false },
    isa: { type: 'string' },
    nets: { type: 'string', default: 'resnet20,resnet18' },
    threads: { type: 'string', default: '2,1' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '5' },
    peer: {
      type: 'string',
      default: fileURLToPath(new URL('../../shared/peer/torch_bnn.py', import.meta.url)),
    },
  });
  const nets = networksOf('--nets', flags.nets);
  const threads = flags.threads.split(',').map((text) => wholeNumber('--threads', text));
  const rounds = wholeNumber('--rounds', flags.rounds);
  const steps = wholeNumber('--steps', flags.steps);
  checkPeer(flags.peer);
  const report = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  report(`${thisMachine().cpu}, median of ${rounds} rounds of ${steps} steps`);
  const sides = sidesOf(flags.peer, steps, flags.isa);
  const result: Record<string, Record<string, number>> = {};
  for (const net of nets) {
    result[net] = {};
    for (const count of threads) Object.assign(result[net], compare(sides, net, count, rounds, report));
  }
  if (flags.json) console.log(JSON.stringify(result));
  else console.table(result);
});

function checkPeer(peer: string): void {
  if (!existsSync(peer))
    throw new InputError(`the peer's program ${peer} is not there.`, { fix: 'name it with --peer' });
  if (spawnSync(python, ['-c', 'import torch']).status !== 0) {
    throw new InputError(`PyTorch is missing for ${python}.`, { fix: 'apt-get install python3-torch' });
  }
}

function sidesOf(peer: string, steps: number, isa: string | undefined): Sides {
  // Some machines set these to help older BLAS builds; they slow the peer.
  const peerEnvironment: NodeJS.ProcessEnv = {
    ...process.env,
    OPENBLAS_CORETYPE: undefined,
    OPENBLAS_L2_SIZE: undefined,
  };
  const ownEnvironment: NodeJS.ProcessEnv = { ...process.env };
  if (isa !== undefined) {
    peerEnvironment['ONEDNN_MAX_CPU_ISA'] = isa === 'avx2' ? 'AVX2' : 'AVX512_CORE';
    ownEnvironment['BNN_DISTILL_ISA'] = isa;
  }
  return {
    own: (net, threads) => runOwnStep({ net, batch: benchBatches[net], steps, threads }, ownEnvironment),
    peer: (net, threads, format, tuned) => {
      const settings = ['--steps', String(steps), '--threads', String(threads), '--format', format];
      const args = [peer, net, String(benchBatches[net]), ...settings, ...(tuned ? ['--tuned'] : [])];
      return JSON.parse(
        execFileSync(python, args, { env: peerEnvironment, encoding: 'utf8' }),
      ) as StepFigures;
    },
  };
}

function faster(a: StepFigures, b: StepFigures): StepFigures {
  return a.stepMs <= b.stepMs ? a : b;
}

function compare(
  { own, peer }: Sides,
  net: BenchNetwork,
  threads: number,
  rounds: number,
  report: (line: string) => void,
): Record<string, number> {
  const ratios: number[] = [];
  const tunedRatios: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Ours runs before, between and after the peer's, so that a drift of the machine meets both.
    const first = own(net, threads);
    const plain = faster(peer(net, threads, 'nchw', false), peer(net, threads, 'nhwc', false));
    const second = own(net, threads);
    const tuned = faster(peer(net, threads, 'nchw', true), peer(net, threads, 'nhwc', true));
    const third = own(net, threads);
    ratios.push((2 * plain.stepMs) / (first.stepMs + second.stepMs));
    tunedRatios.push((2 * tuned.stepMs) / (second.stepMs + third.stepMs));
    memory.push(second.peakRssMiB / Math.min(plain.peakRssMiB, tuned.peakRssMiB));
    report(
      `${net} N=${benchBatches[net]}, ${threads} thread${threads > 1 ? 's' : ''} (${second.isa}): ours ${second.imagesPerSecond.toFixed(1)} images/s, PyTorch ${plain.imagesPerSecond.toFixed(1)} (${ratios.at(-1)!.toFixed(2)}×), tuned ${tuned.imagesPerSecond.toFixed(1)} (${tunedRatios.at(-1)!.toFixed(2)}×); peak memory ${second.peakRssMiB} of ${plain.peakRssMiB} and ${tuned.peakRssMiB} MiB, ours before the steps ${second.rssBeforeStepsMiB}`,
    );
  }
  return {
    [`ratio${threads}`]: median(ratios),
    [`tunedRatio${threads}`]: median(tunedRatios),
    ...(threads === 2 ? { memoryRatio: median(memory) } : {}),
  };
}

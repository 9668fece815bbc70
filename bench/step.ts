// A training step of ours against PyTorch's: the same networks, losses and batches, as child processes in turn on this
// machine, the median ratio of rounds. The peer runs as it circulates and in its fastest form (--tuned), each in the faster
// of its two memory formats. It needs Debian's python3-torch and the peer's program (--peer, default
// ../shared/peer/torch_bnn.py).
// usage: npm run bench:step -- [--json] [--isa avx2] [--nets resnet20,resnet18] [--threads 2,1] [--rounds 3] [--steps 5]
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface StepFigures {
  readonly stepMs: number;
  readonly imagesPerSecond: number;
  readonly peakRssMiB: number;
  readonly rssBeforeStepsMiB: number;
  readonly isa?: string;
}

const batches: Readonly<Record<string, number>> = { resnet20: 128, resnet18: 64 };
const { values: flags } = parseArgs({
  options: {
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
  },
});
const python = '/usr/bin/python3';
checkPeer();

// Some machines set these to help older BLAS builds; they slow the peer.
const peerEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  OPENBLAS_CORETYPE: undefined,
  OPENBLAS_L2_SIZE: undefined,
};
const ownEnvironment: NodeJS.ProcessEnv = { ...process.env };
if (flags.isa !== undefined) {
  peerEnvironment['ONEDNN_MAX_CPU_ISA'] = flags.isa === 'avx2' ? 'AVX2' : 'AVX512_CORE';
  ownEnvironment['BNN_DISTILL_ISA'] = flags.isa;
}

function checkPeer(): void {
  if (!existsSync(flags.peer)) fail(`the peer's program ${flags.peer} is not there; name it with --peer.`);
  if (spawnSync(python, ['-c', 'import torch']).status !== 0) {
    fail(`PyTorch is missing for ${python}; install it: apt-get install python3-torch`);
  }
}

function fail(message: string): never {
  console.error(`bench:step: ${message}`);
  process.exit(2);
}

function run(command: string, args: string[], env: NodeJS.ProcessEnv): StepFigures {
  return JSON.parse(execFileSync(command, args, { env, encoding: 'utf8' })) as StepFigures;
}

const own = (net: string, threads: number): StepFigures =>
  run(
    process.execPath,
    [
      '--import',
      'tsx',
      fileURLToPath(new URL('own-step.ts', import.meta.url)),
      net,
      String(batches[net]),
      flags.steps,
      String(threads),
    ],
    ownEnvironment,
  );

const peer = (net: string, threads: number, format: string, tuned: boolean): StepFigures =>
  run(
    python,
    [
      flags.peer,
      net,
      String(batches[net]),
      '--steps',
      flags.steps,
      '--threads',
      String(threads),
      '--format',
      format,
      ...(tuned ? ['--tuned'] : []),
    ],
    peerEnvironment,
  );

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const faster = (a: StepFigures, b: StepFigures): StepFigures => (a.stepMs <= b.stepMs ? a : b);

function compare(net: string, threads: number): Record<string, number> {
  const ratios: number[] = [];
  const tunedRatios: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
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
      `${net} N=${batches[net]}, ${threads} thread${threads > 1 ? 's' : ''} (${second.isa}): ours ${second.imagesPerSecond.toFixed(1)} images/s, PyTorch ${plain.imagesPerSecond.toFixed(1)} (${ratios.at(-1)!.toFixed(2)}×), tuned ${tuned.imagesPerSecond.toFixed(1)} (${tunedRatios.at(-1)!.toFixed(2)}×); peak memory ${second.peakRssMiB} of ${plain.peakRssMiB} and ${tuned.peakRssMiB} MiB, ours before the steps ${second.rssBeforeStepsMiB}`,
    );
  }
  return {
    [`ratio${threads}`]: median(ratios),
    [`tunedRatio${threads}`]: median(tunedRatios),
    ...(threads === 2 ? { memoryRatio: median(memory) } : {}),
  };
}

function report(line: string): void {
  if (!flags.json) console.log(line);
}

report(
  `${cpus()[0]?.model ?? 'unknown processor'}, median of ${flags.rounds} rounds of ${flags.steps} steps`,
);
const result: Record<string, Record<string, number>> = {};
for (const net of flags.nets.split(',')) {
  if (!(net in batches))
    fail(`the network '${net}' is unknown; expected ${Object.keys(batches).join(' or ')}.`);
  result[net] = Object.assign(
    {},
    ...flags.threads.split(',').map((threads) => compare(net, Number(threads))),
  ) as Record<string, number>;
}
if (flags.json) console.log(JSON.stringify(result));
else console.table(result);

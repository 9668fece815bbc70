// A training step of ours against PyTorch's: the same networks, losses and batches, as child processes in turn on this
// machine, the median ratio of rounds. The peer runs as it circulates and in its fastest form (--tuned), each in the faster
// of its two memory formats. It needs Debian's python3-torch and the peer's program (--peer, default
// ../shared/peer/torch_bnn.py). With --against it compares the step with that of another built checkout of this project
// instead, the two in turns, and needs no PyTorch.
// usage: npm run bench:step -- [--json] [--isa avx2] [--nets resnet20,resnet18] [--threads 2,1] [--rounds 3] [--steps 5]
//        [--peer <file> | --against <checkout>]
// `npm run -s` leaves out npm's banner, so that with --json only the object is printed.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError } from '../src/errors.js';
import { readFlags, wholeNumber } from './support/flags.js';
import { type Compared, compared, ratioText, runInTurns } from './support/in-turns.js';
import { thisMachine } from './support/machine.js';
import { benchBatches, type BenchNetwork, networksOf } from './support/networks.js';
import { type OwnStepFigures, runOwnStep } from './support/own-process.js';
import { environmentsFor, peerStep, requireTorch, roundAgainst } from './support/peer.js';
import { program } from './support/program.js';
import { median } from './support/statistics.js';

/** What both sides measure. */
type StepFigures = Pick<OwnStepFigures, 'stepMs' | 'imagesPerSecond' | 'peakRssMiB'>;

await program('bench:step', () => {
  const flags = readFlags({
    json: { type: 'boolean', default: false },
    isa: { type: 'string' },
    nets: { type: 'string', default: 'resnet20,resnet18' },
    threads: { type: 'string', default: '2,1' },
    rounds: { type: 'string', default: '3' },
    against: { type: 'string' },
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
  if (flags.against === undefined) checkPeer(flags.peer);
  const report = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  report(`${thisMachine().cpu}, median of ${rounds} rounds of ${steps} steps`);
  const environments = environmentsFor(flags.isa);
  if (flags.against !== undefined) {
    const { against } = flags;
    const configurations = nets.flatMap((net) => threads.map((count) => ({ net, steps, threads: count })));
    const figures = compareWith(against, configurations, rounds, environments.own, report);
    if (flags.json) console.log(JSON.stringify({ against, rounds, steps, figures }));
    return;
  }
  const result: Record<string, Record<string, number>> = {};
  for (const net of nets) {
    result[net] = {};
    for (const count of threads) {
      const settings = { net, batch: benchBatches[net], steps, threads: count };
      const sides: Sides = {
        own: () => runOwnStep(settings, environments.own),
        peer: (tuned) => peerStep([flags.peer], settings, tuned, environments.peer),
      };
      Object.assign(result[net], compare(sides, net, count, rounds, report));
    }
  }
  if (flags.json) console.log(JSON.stringify(result));
  else console.table(result);
});

function checkPeer(peer: string): void {
  if (!existsSync(peer))
    throw new InputError(`the peer's program ${peer} is not there.`, { fix: 'name it with --peer' });
  requireTorch();
}

/** A network, and how its step runs. */
interface Configuration {
  readonly net: BenchNetwork;
  readonly steps: number;
  readonly threads: number;
}

/** Milliseconds of a step of this checkout and of another, in turns. */
function compareWith(
  against: string,
  configurations: readonly Configuration[],
  rounds: number,
  env: NodeJS.ProcessEnv,
  report: (line: string) => void,
): (Configuration & Compared)[] {
  const argumentsOf = ({ net, steps, threads }: Configuration): string[] =>
    [net, benchBatches[net], steps, threads].map(String);
  const figures: (Configuration & Compared)[] = [];
  runInTurns<OwnStepFigures>(
    'own-step',
    against,
    configurations.map(argumentsOf),
    { rounds, env },
    (_, sides) => {
      const configuration = configurations[figures.length];
      const { net, threads } = configuration;
      const step = compared(sides, ({ stepMs }) => stepMs);
      figures.push({ ...configuration, ...step });
      report(
        `${net} N=${benchBatches[net]}, ${threads} thread${threads > 1 ? 's' : ''} (${sides.ours[0].isa}): ours ${step.ours.toFixed(2)} ms, ${against} ${step.theirs.toFixed(2)} ms, ratio ${ratioText(step)}`,
      );
    },
  );
  return figures;
}

/** One step of ours, and one of the peer's, plain or tuned. */
interface Sides {
  readonly own: () => OwnStepFigures;
  readonly peer: (tuned: boolean) => StepFigures;
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
    const { own: ours, plain, tuned, ratio, tunedRatio } = roundAgainst(own, peer);
    ratios.push(ratio);
    tunedRatios.push(tunedRatio);
    memory.push(ours.peakRssMiB / Math.min(plain.peakRssMiB, tuned.peakRssMiB));
    report(
      `${net} N=${benchBatches[net]}, ${threads} thread${threads > 1 ? 's' : ''} (${ours.isa}): ours ${ours.imagesPerSecond.toFixed(1)} images/s, PyTorch ${plain.imagesPerSecond.toFixed(1)} (${ratio.toFixed(2)}×), tuned ${tuned.imagesPerSecond.toFixed(1)} (${tunedRatio.toFixed(2)}×); peak memory ${ours.peakRssMiB} of ${plain.peakRssMiB} and ${tuned.peakRssMiB} MiB, ours before the steps ${ours.rssBeforeStepsMiB}`,
    );
  }
  return {
    [`ratio${threads}`]: median(ratios),
    [`tunedRatio${threads}`]: median(tunedRatios),
    ...(threads === 2 ? { memoryRatio: median(memory) } : {}),
  };
}

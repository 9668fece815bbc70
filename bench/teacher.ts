// Full precision beside PyTorch: a training step of the teachers (forward, backward, SGD), and single convolutions beside
// oneDNN's. The two sides take turns on this machine; a figure is the median ratio of the rounds. PyTorch runs in its plain form
// and in its fastest (--tuned), each in the faster of its two memory formats. Needs Debian's python3-torch.
// usage: npm run bench:teacher -- [--json] [--isa avx2] [--nets resnet20,resnet18] [--threads 2] [--rounds 3] [--steps 5]
//        [--only step,conv]
// A ratio above 1 means that ours is faster. With --json it prints one JSON object; `npm run -s` leaves out npm's own lines.
import { fileURLToPath } from 'node:url';
import { nativeAddon } from '../src/backends/native/addon.js';
import { InputError } from '../src/errors.js';
import { resNetDepths } from '../src/models/depths.js';
import {
  type Convolution,
  ConvolutionOperands,
  convolutionsOf,
  convolutionTitle,
} from './support/convolution-cases.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { thisMachine } from './support/machine.js';
import { benchBatches, type BenchNetwork, networksOf } from './support/networks.js';
import { runProgram } from './support/child.js';
import { environmentsFor, peerStep, requireTorch, roundAgainst, runPeer } from './support/peer.js';
import { program } from './support/program.js';
import { geometricMean, median } from './support/statistics.js';
import { timeCall } from './support/time-call.js';
import type { TeacherStepFigures } from './teacher-step.js';

const peer = fileURLToPath(new URL('./peer/torch_resnet.py', import.meta.url));
const parts = ['step', 'conv'] as const;
/** How long a convolution is measured on either side. */
const callSeconds = 0.15;

interface PeerStep {
  readonly stepMs: number;
  readonly imagesPerSecond: number;
}

const directions = [
  ['floatConvForward', 'forward'],
  ['floatConvBackwardInput', 'backwardInput'],
  ['floatConvBackwardFilter', 'backwardFilter'],
] as const;
type PeerConvolution = Readonly<Record<(typeof directions)[number][1], number>>;

await program('bench:teacher', () => {
  const flags = readFlags({
    json: { type: 'boolean', default: false },
    isa: { type: 'string' },
    nets: { type: 'string', default: 'resnet20,resnet18' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '5' },
    only: { type: 'string', default: parts.join(',') },
  });
  const nets = networksOf('--nets', flags.nets);
  const only = flags.only.split(',').map((part) => oneOf('--only', part, parts));
  const [threads, rounds, steps] = (['threads', 'rounds', 'steps'] as const).map((name) =>
    wholeNumber(`--${name}`, flags[name]),
  );
  requireTorch();
  const report = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  report(`${thisMachine().cpu}, ${threads} threads, median of ${rounds} rounds`);
  const environments = environmentsFor(flags.isa);
  const result: Record<string, Record<string, number>> = {};
  if (only.includes('step'))
    for (const net of nets)
      result[net] = compareSteps(net, { threads, rounds, steps, ...environments }, report);
  if (only.includes('conv'))
    result['conv'] = compareConvolutions(nets, { threads, rounds, isa: flags.isa, ...environments }, report);
  if (flags.json) console.log(JSON.stringify(result));
  else console.table(result);
});

type Environments = ReturnType<typeof environmentsFor>;

function compareSteps(
  net: BenchNetwork,
  {
    threads,
    rounds,
    steps,
    own,
    peer: peerEnvironment,
  }: { threads: number; rounds: number; steps: number } & Environments,
  report: (line: string) => void,
): Record<string, number> {
  const settings = { net, batch: benchBatches[net], steps, threads };
  const ours = (): TeacherStepFigures =>
    runProgram('teacher-step', [net, String(settings.batch), String(steps), String(threads)], own);
  const theirs = (tuned: boolean): PeerStep => peerStep([peer, 'step'], settings, tuned, peerEnvironment);
  const ratios: number[] = [];
  const tunedRatios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { own: second, plain, tuned, ratio, tunedRatio } = roundAgainst(ours, theirs);
    ratios.push(ratio);
    tunedRatios.push(tunedRatio);
    report(
      `${net} N=${settings.batch} (${second.isa}): ours ${second.imagesPerSecond.toFixed(1)} images/s, PyTorch ${plain.imagesPerSecond.toFixed(1)} (${ratio.toFixed(2)}×), tuned ${tuned.imagesPerSecond.toFixed(1)} (${tunedRatio.toFixed(2)}×)`,
    );
  }
  return { [`ratio${threads}`]: median(ratios), [`tunedRatio${threads}`]: median(tunedRatios) };
}

/** Every distinct convolution of the networks; the shortcuts' have the stride of their block. */
function convolutions(net: BenchNetwork): Convolution[] {
  return convolutionsOf(resNetDepths[net], benchBatches[net]).map((convolution) =>
    convolution.window === 1 ? { ...convolution, stride: 2 } : convolution,
  );
}

function compareConvolutions(
  nets: readonly BenchNetwork[],
  {
    threads,
    rounds,
    isa,
    peer: peerEnvironment,
  }: { threads: number; rounds: number; isa: string | undefined } & Environments,
  report: (line: string) => void,
): Record<string, number> {
  const addon = nativeAddon();
  addon.setThreads(threads);
  if (isa !== undefined && !addon.forceIsa(isa))
    throw new InputError(`this CPU does not run ${isa}.`, { fix: 'leave --isa out' });
  const ratios: number[] = [];
  for (const net of nets) {
    const all = convolutions(net);
    const operands = new ConvolutionOperands(addon, all);
    const rows = all.map(() => directions.map((): number[] => []));
    for (let round = 0; round < rounds; round++) {
      const args = [
        peer,
        'conv',
        JSON.stringify(all),
        '--threads',
        String(threads),
        '--seconds',
        String(callSeconds),
      ];
      const theirs = runPeer<PeerConvolution[]>(args, peerEnvironment);
      for (const [i, convolution] of all.entries())
        for (const [d, [family, key]] of directions.entries()) {
          // The images need no gradient.
          if (key === 'backwardInput' && convolution.c === 3) continue;
          const ms = timeCall(operands.call(family, convolution), { least: 3, seconds: callSeconds });
          rows[i][d].push(theirs[i][key] / ms);
        }
    }
    for (const [i, convolution] of all.entries()) {
      const medians = rows[i].map((found) => (found.length === 0 ? undefined : median(found)));
      ratios.push(...medians.filter((value) => value !== undefined));
      const shown = medians.map((value) => value?.toFixed(2) ?? '   –');
      report(
        `${net} ${convolutionTitle(convolution).padEnd(30)} forward ${shown[0]}×, to the input ${shown[1]}×, to the filter ${shown[2]}×`,
      );
    }
  }
  return { geomean: geometricMean(ratios) };
}

// How the time of a training step grows with batch, width, depth and threads, and its memory with the batch. Each configuration
// runs in a process of its own.
// usage: npm run bench:scaling -- [--net resnet20] [--batch 128] [--threads 2] [--steps 5] [--quick] [--json]
// With --json it prints one JSON object; `npm run -s` leaves out npm's own lines.
import { availableParallelism } from 'node:os';
import type { ResNetDepth } from '../src/models/depths.js';
import { program } from './support/program.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { describeMachine, thisMachine } from './support/machine.js';
import { benchBatches, benchNetworks, depthOf } from './support/networks.js';
import { runOwnStep } from './support/own-process.js';
import { formatTable } from './support/table.js';

/** One configuration; `value` is what varies along its axis. */
interface Point {
  readonly value: number;
  readonly batch: number;
  readonly threads: number;
  readonly depth: ResNetDepth;
  readonly stepMs: number;
  readonly imagesPerSecond: number;
  readonly poolPeakMiB: number;
  readonly peakRssMiB: number;
}

const axes = ['batch', 'width', 'depth', 'threads'] as const;
type Axis = (typeof axes)[number];

type Configuration = Pick<Point, 'value' | 'batch' | 'threads' | 'depth'>;

const headings: Readonly<Record<Axis, string>> = {
  batch: 'batch',
  width: 'width ×',
  depth: 'depth ×',
  threads: 'threads',
};

await program('bench:scaling', () => {
  const flags = readFlags({
    net: { type: 'string', default: 'resnet20' },
    batch: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    steps: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const net = oneOf('--net', flags.net, benchNetworks);
  const { quick } = flags;
  const largest =
    flags.batch === undefined ? (quick ? 32 : benchBatches[net]) : wholeNumber('--batch', flags.batch);
  const steps = wholeNumber('--steps', flags.steps ?? (quick ? '2' : '5'));
  const base = { batch: largest, threads: wholeNumber('--threads', flags.threads), depth: depthOf(net) };
  const report = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  const machine = thisMachine();
  report(describeMachine(machine));
  report(
    `${net}, N=${base.batch} and ${base.threads} threads where they do not vary, median of ${steps} steps`,
  );

  const result = {} as Record<Axis, Point[]>;
  for (const axis of axes) {
    result[axis] = configurations(axis, base, quick).map((configuration) => {
      const figures = runOwnStep({ net, ...configuration, steps });
      const { stepMs, imagesPerSecond, poolPeakMiB, peakRssMiB } = figures;
      return { ...configuration, stepMs, imagesPerSecond, poolPeakMiB, peakRssMiB };
    });
    report(`\n${tableOf(axis, result[axis])}`);
  }
  if (flags.json) console.log(JSON.stringify({ machine, net, steps, ...result }));
});

function configurations(axis: Axis, base: Omit<Configuration, 'value'>, quick: boolean): Configuration[] {
  const { batch, threads, depth } = base;
  switch (axis) {
    case 'batch':
      return (quick ? [4, 1] : [8, 4, 2, 1])
        .map((share) => Math.ceil(batch / share))
        .map((value) => ({ ...base, value, batch: value }));
    case 'width':
      return (quick ? [1, 2] : [0.5, 1, 2, 4]).map((value) => {
        const widths = depth.widths.map((width) => Math.max(1, Math.round(width * value)));
        return { value, batch, threads, depth: { ...depth, widths } };
      });
    case 'depth':
      return (quick ? [0.5, 1] : [0.5, 1, 2, 4]).map((value) => {
        const blocks = depth.blocks.map((count) => Math.max(1, Math.round(count * value)));
        return { value, batch, threads, depth: { ...depth, blocks } };
      });
    case 'threads': {
      const counts = [1];
      while (2 * counts.at(-1)! <= availableParallelism()) counts.push(2 * counts.at(-1)!);
      return counts.map((value) => ({ ...base, value, threads: value }));
    }
  }
}

function tableOf(axis: Axis, points: readonly Point[]): string {
  return formatTable(
    [headings[axis], 'widths', 'blocks', 'ms', 'images/s', '× the first', 'pool MiB', 'process MiB'],
    points.map(({ value, depth, stepMs, imagesPerSecond, poolPeakMiB, peakRssMiB }) => [
      String(value),
      depth.widths.join(','),
      depth.blocks.join(','),
      stepMs.toFixed(1),
      imagesPerSecond.toFixed(1),
      (imagesPerSecond / points[0].imagesPerSecond).toFixed(2),
      poolPeakMiB.toFixed(1),
      String(peakRssMiB),
    ]),
  );
}

// How fast each kernel is, beside the peaks of this machine: multiply-adds per second for every convolution kernel, on the shapes
// of the networks and each instruction set of this CPU; bytes per second for the kernels bound by memory, on tensors of 64 MB.
// The reference is slow on purpose and is timed on one image.
// usage: npm run bench:kernels -- [--threads 2] [--isa avx2] [--nets resnet20,resnet18] [--quick] [--json]
// With --json it prints one JSON object; `npm run -s` leaves out npm's own lines.
import { availableParallelism } from 'node:os';
import { type NativeAddon, nativeAddon } from '../src/backends/native/addon.js';
import { program } from './support/program.js';
import {
  type Convolution,
  type ConvolutionFamily,
  convolutionFamilies,
  ConvolutionOperands,
  convolutionsOf,
  convolutionTitle,
  multiplyAdds,
} from './support/convolution-cases.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { describeMachine, thisMachine } from './support/machine.js';
import { memoryCases } from './support/memory-cases.js';
import { benchBatches, depthOf, networksOf } from './support/networks.js';
import { noise } from './support/noise.js';
import { formatTable } from './support/table.js';
import { timeCall } from './support/time-call.js';

interface ConvolutionFigure {
  readonly isa: string;
  readonly family: ConvolutionFamily;
  readonly shape: string;
  readonly ms: number;
  readonly gmacPerSecond: number;
  /** Of the peak of float multiply-adds of this instruction set; bits may exceed 1. */
  readonly ofFmaPeak: number;
}

interface MemoryFigure {
  readonly isa: string;
  readonly family: string;
  readonly ms: number;
  readonly gbPerSecond: number;
  /** Of the bandwidth of copying. */
  readonly ofCopy: number;
}

const tensorFloats = 2 ** 24;
/** Many times as large as the caches of any machine. */
const bandwidthFloats = 2 ** 26;

await program('bench:kernels', () => {
  const flags = readFlags({
    threads: { type: 'string', default: String(availableParallelism()) },
    isa: { type: 'string' },
    nets: { type: 'string', default: 'resnet20,resnet18' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const addon = nativeAddon();
  const threads = wholeNumber('--threads', flags.threads);
  const machine = thisMachine();
  const present = addon.instructionSets().filter((isa) => hasKernels(addon, isa));
  const sets = flags.isa === undefined ? present : [oneOf('--isa', flags.isa, present)];
  const nets = networksOf('--nets', flags.nets);
  const effort = flags.quick ? { least: 1, seconds: 0.02 } : { least: 5, seconds: 0.2 };
  const report = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  addon.setThreads(threads);
  report(`${describeMachine(machine)}; kernels on ${threads} thread${threads === 1 ? '' : 's'}`);

  const bandwidth = measureBandwidth(addon);
  report(
    `memory: reads ${bandwidth.read.toFixed(1)} GB/s, copies ${bandwidth.copy.toFixed(1)} GB/s (bytes read and written)`,
  );
  const fmaPeaks: Record<string, number> = {};
  const convolutions: ConvolutionFigure[] = [];
  const memory: MemoryFigure[] = [];
  for (const isa of sets) {
    addon.forceIsa(isa);
    const perThread = addon.measureFmaPeak(isa);
    fmaPeaks[isa] = perThread;
    report(
      `\n${isa}: ${perThread.toFixed(1)} GMAC/s of float multiply-adds a thread, ${(threads * perThread).toFixed(1)} in all`,
    );
    const shapes = nets.flatMap((net) =>
      convolutionsOf(depthOf(net), isa === 'reference' ? 1 : benchBatches[net]),
    );
    const figures = timeConvolutions(addon, isa, shapes, threads * perThread, effort);
    report(`\n${convolutionTable(figures)}`);
    convolutions.push(...figures);
    const bound = timeMemory(addon, isa, bandwidth.copy, effort);
    report(`\n${memoryTable(bound)}`);
    memory.push(...bound);
  }
  if (flags.json) {
    const figures = { fmaPeakGmacPerThread: fmaPeaks, bandwidthGbPerSecond: bandwidth, convolutions, memory };
    console.log(JSON.stringify({ machine, threads, ...figures }));
  }
});

function hasKernels(addon: NativeAddon, isa: string): boolean {
  return addon.kernels().some((kernel) => kernel.isa === isa && kernel.available);
}

function measureBandwidth(addon: NativeAddon): { read: number; copy: number } {
  return addon.measureBandwidth({
    count: bandwidthFloats,
    from: noise(addon, bandwidthFloats),
    to: noise(addon, bandwidthFloats),
  });
}

type Effort = Parameters<typeof timeCall>[1];

/** Whether the kernel that runs for the family belongs to the set itself, not to one below it. */
function isActive(addon: NativeAddon, family: string, isa: string): boolean {
  return addon.kernels().some((kernel) => kernel.family === family && kernel.isa === isa && kernel.active);
}

function timeConvolutions(
  addon: NativeAddon,
  isa: string,
  convolutions: readonly Convolution[],
  peak: number,
  effort: Effort,
): ConvolutionFigure[] {
  const operands = new ConvolutionOperands(addon, convolutions);
  return convolutions.flatMap((convolution) =>
    convolutionFamilies
      .filter((family) => isActive(addon, family, isa))
      .map((family) => {
        const ms = timeCall(operands.call(family, convolution), effort);
        const gmacPerSecond = multiplyAdds(convolution) / ms / 1e6;
        const shape = convolutionTitle(convolution);
        return { isa, family, shape, ms, gmacPerSecond, ofFmaPeak: gmacPerSecond / peak };
      }),
  );
}

function timeMemory(addon: NativeAddon, isa: string, copy: number, effort: Effort): MemoryFigure[] {
  return memoryCases(addon, tensorFloats)
    .filter(({ family }) => isActive(addon, family, isa))
    .map(({ family, bytes, call }) => {
      const ms = timeCall(call, effort);
      const gbPerSecond = bytes / ms / 1e6;
      return { isa, family, ms, gbPerSecond, ofCopy: gbPerSecond / copy };
    });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** `float y`, `float dx`, `float dw` and the same of binary, as native/families/ has them; `binaryInput y` has float weights. */
function columnTitle(family: ConvolutionFamily): string {
  return family
    .replace('ConvForward', ' y')
    .replace('ConvBackwardInput', ' dx')
    .replace('ConvBackwardFilter', ' dw');
}

function convolutionTable(figures: readonly ConvolutionFigure[]): string {
  const shapes = [...new Set(figures.map(({ shape }) => shape))];
  return formatTable(
    ['GMAC/s (of FMA peak)', ...convolutionFamilies.map((family) => columnTitle(family))],
    shapes.map((shape) => [
      shape,
      ...convolutionFamilies.map((wanted) => {
        const figure = figures.find((one) => one.shape === shape && one.family === wanted);
        return figure ? `${figure.gmacPerSecond.toFixed(1)} (${percent(figure.ofFmaPeak)})` : '';
      }),
    ]),
  );
}

function memoryTable(figures: readonly MemoryFigure[]): string {
  return formatTable(
    ['64 MB tensors', 'ms', 'GB/s', 'of copy'],
    figures.map(({ family, ms, gbPerSecond, ofCopy }) => [
      family,
      ms.toFixed(2),
      gbPerSecond.toFixed(1),
      percent(ofCopy),
    ]),
  );
}

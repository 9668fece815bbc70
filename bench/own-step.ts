// One process of our side for bench/step and bench/scaling: the trainer's own step. Prints one JSON line.
// usage: own-step.ts <resnet18|resnet20> <batch> <steps> <threads> [<widths> <blocks>]
// The last two are lists with commas, one number for each level: its width and its number of blocks.
import { backend } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../src/backends/native/native-backend.js';
import { oneOf, wholeNumber } from './support/flags.js';
import { activeSets, peakRssMiB } from './support/machine.js';
import { benchNetworks, depthOf } from './support/networks.js';
import type { OwnStepFigures } from './support/own-process.js';
import { median } from './support/statistics.js';
import { trainingStep, stepTimes } from './support/training-step.js';

const [net = 'resnet20', batchText = '128', stepsText = '7', threadsText = '2', widths, blocks] =
  process.argv.slice(2);
const size = wholeNumber('batch', batchText);
const threads = wholeNumber('threads', threadsText);
const numbers = (list: string): number[] => list.split(',').map((text) => wholeNumber('each size', text));
const depth =
  widths === undefined || blocks === undefined
    ? depthOf(oneOf('the network', net, benchNetworks))
    : { widths: numbers(widths), blocks: numbers(blocks) };

const step = await trainingStep(depth, { batch: size, threads });
const before = peakRssMiB();
const times = stepTimes(step, wholeNumber('steps', stepsText));
const stepMs = median(times);
const { pool } = backend() as NativeBackend;
const figures: OwnStepFigures = {
  net,
  batch: size,
  threads,
  isa: activeSets().join('+'),
  stepMs,
  minStepMs: Math.min(...times),
  imagesPerSecond: (size / stepMs) * 1000,
  peakRssMiB: Math.round(peakRssMiB()),
  rssBeforeStepsMiB: Math.round(before),
  poolPeakMiB: pool.peakBytes / 2 ** 20,
  poolHeldMiB: pool.heldBytes / 2 ** 20,
};
console.log(JSON.stringify(figures));

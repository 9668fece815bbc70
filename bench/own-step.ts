// One process of ours for bench/step: the peer's network, losses and batch through the trainer's own step. Prints one JSON
// line with the fields of the peer's. usage: own-step.js <resnet18|resnet20> <batch> <steps> <threads>
import { nativeAddon } from '../src/backends/native/addon.js';
import { useBackend } from '../src/backends/use-backend.js';
import type { Batch } from '../src/data/batch.js';
import type { Dataset } from '../src/data/dataset.js';
import { RandomStream } from '../src/data/random.js';
import { lossSettings } from '../src/losses/loss-settings.js';
import { createStudent } from '../src/models/bnn-resnet.js';
import { Adam } from '../src/training/adam.js';
import { Connectors } from '../src/training/level-pairs.js';
import { constantSchedule } from '../src/training/schedules.js';
import { Trainer } from '../src/training/trainer.js';

const [net = 'resnet20', batchText = '128', stepsText = '7', threadsText = '2'] = process.argv.slice(2);
const [size, steps, threads] = [Number(batchText), Number(stepsText), Number(threadsText)];
const stream = new RandomStream({ seed: 1, purpose: 1000 });
const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => stream.normal());
const rssMiB = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

await useBackend('native', { threads });
const student = createStudent(`bnn-${net}`, { classes: 10 });
const dataset: Dataset = {
  kind: 'random',
  split: 'train',
  classes: Array.from({ length: 10 }, (_, k) => String(k)),
  size: [32, 32],
  length: 0,
  indices: new Uint32Array(0),
  labels: new Int32Array(0),
  pixels: new Uint8Array(0),
  mean: [0, 0, 0],
  std: [1, 1, 1],
};
const batch: Batch = {
  size,
  images: normals(size * 32 * 32 * 3),
  labels: Int32Array.from({ length: size }, () => stream.integer(10)),
  indices: new Uint32Array(size),
  view: 0,
};
const targets = { logits: normals(size * 10), features: new Map<string, Float32Array>() };
const trainer = new Trainer({
  student,
  dataset,
  batches: {
    batchesPerEpoch: 0,
    epoch: () => {
      throw new Error('the bench makes its own batches');
    },
    recycle: () => undefined,
  },
  teacher: undefined,
  losses: lossSettings(['kl=1,T=1', 'features=0']),
  pairs: [],
  connectors: new Connectors([], 0),
  optimizer: new Adam(),
  schedule: constantSchedule({ lr: 1e-3 }),
});

const before = rssMiB();
const times: number[] = [];
for (let i = -2; i < steps; i++) {
  const began = performance.now();
  trainer.step(batch, targets, 1e-3);
  if (i >= 0) times.push(performance.now() - began);
}
times.sort((a, b) => a - b);
const stepMs = times[Math.floor(times.length / 2)];
const isas = new Set(
  nativeAddon()
    .kernels()
    .filter(({ active }) => active)
    .map(({ isa }) => isa),
);
console.log(
  JSON.stringify({
    net,
    batch: size,
    threads,
    isa: [...isas].join('+'),
    stepMs,
    minStepMs: times[0],
    imagesPerSecond: (size / stepMs) * 1000,
    peakRssMiB: rssMiB(),
    rssBeforeStepsMiB: before,
  }),
);

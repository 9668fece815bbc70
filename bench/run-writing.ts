// What writing costs, as a share of a training step: metrics in three forms after each step, a record of every layer every 100
// steps, a checkpoint every 300 seconds and after each epoch of 371 steps (CIFAR-10 in batches of 128). The bench fails if that
// is 1 % of a step or more.
// usage: npm run bench:run-writing -- [--net resnet20] [--batch 128] [--threads 2] [--steps 20] [--json]
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunError } from '../src/errors.js';
import { MetricsLog } from '../src/run/metrics-log.js';
import { RunCheckpoints } from '../src/run/run-checkpoints.js';
import { defaultCheckpointSeconds } from '../src/run/run.js';
import type { StepReport } from '../src/training/trainer.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { describeMachine, thisMachine } from './support/machine.js';
import { benchNetworks, depthOf } from './support/networks.js';
import { program } from './support/program.js';
import { median } from './support/statistics.js';
import { formatTable } from './support/table.js';
import { steppingTrainer, stepTimes } from './support/training-step.js';

const allowedShare = 0.01;
const stepsPerEpoch = 371;
const layerSteps = 100;
const layers = 18;
const logged = 2000;
const saves = 5;

await program('bench:run-writing', async () => {
  const flags = readFlags({
    net: { type: 'string', default: 'resnet20' },
    batch: { type: 'string', default: '128' },
    threads: { type: 'string', default: String(availableParallelism()) },
    steps: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  });
  const net = oneOf('--net', flags.net, benchNetworks);
  const batch = wholeNumber('--batch', flags.batch);
  const machine = thisMachine();
  const { trainer, step } = await steppingTrainer(depthOf(net), {
    batch,
    threads: wholeNumber('--threads', flags.threads),
  });
  const times = stepTimes(step, wholeNumber('--steps', flags.steps));
  const stepMs = median(times);
  const folder = await mkdtemp(join(tmpdir(), 'bench-run-writing-'));
  try {
    const metricsMs = await timeOfMetrics(folder, batch);
    const checkpointMs = await timeOfCheckpoint(folder, () => trainer.state());
    const checkpointsPerStep = stepMs / 1000 / defaultCheckpointSeconds + 1 / stepsPerEpoch;
    const metricsShare = metricsMs / stepMs;
    const checkpointShare = (checkpointMs * checkpointsPerStep) / stepMs;
    const share = metricsShare + checkpointShare;
    if (flags.json) {
      console.log(
        JSON.stringify({
          machine,
          net,
          batch,
          stepMs,
          metricsMs,
          checkpointMs,
          metricsShare,
          checkpointShare,
          share,
        }),
      );
    } else {
      console.log(describeMachine(machine));
      const percent = (value: number): string => `${(100 * value).toFixed(3)} %`;
      const rows = [
        ['metrics', metricsMs.toFixed(3), percent(metricsShare)],
        ['checkpoint', checkpointMs.toFixed(1), percent(checkpointShare)],
        ['both', '', percent(share)],
      ];
      console.log(
        formatTable([`${net}, batch ${batch}: ${stepMs.toFixed(1)} ms a step`, 'ms', 'of a step'], rows),
      );
    }
    if (share >= allowedShare)
      throw new RunError(`writing takes ${(100 * share).toFixed(2)} % of a step; at most 1 % is allowed.`);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Milliseconds of the metrics of a step, with its share of the layers' records and of what is synced. */
async function timeOfMetrics(folder: string, images: number): Promise<number> {
  const log = await MetricsLog.open(folder, ['kl', 'features', 'crossEntropy']);
  const title = { name: 'main', index: 0, count: 1, generation: 1, generations: 1 };
  const record = {
    ...{ flipRatio: 0.0123456789, gradientMean: 1.23456789e-6, gradientDeviation: 0.00123456789 },
    ...{ gradientNorm: 0.123456789, latentMagnitude: 0.0123456789, activationMean: 0.0123456789 },
    ...{ activationDeviation: 0.987654321, positiveShare: 0.512345678, passShare: 0.687654321 },
  };
  const records = Array.from({ length: layers }, (_, n) => ({ layer: `blocks.${n}.conv`, ...record }));
  const began = performance.now();
  for (let n = 0; n < logged; n++) {
    const report: StepReport = {
      ...{ epoch: Math.floor(n / stepsPerEpoch), step: n % stepsPerEpoch, stepsPerEpoch, images },
      ...{
        loss: 3.123456789 / (n + 1),
        lr: 0.001987654321,
        dataMs: 0.123456,
        teacherMs: 1.23456,
        studentMs: 267.123456,
      },
      terms: { kl: 2.123456789 / (n + 1), features: 0.654321987, crossEntropy: 1.987654321 },
      ...(n % layerSteps === layerSteps - 1 ? { layers: records } : {}),
    };
    await log.step(report, title, n + 1);
  }
  await log.sync();
  const milliseconds = performance.now() - began;
  await log.close();
  return milliseconds / logged;
}

async function timeOfCheckpoint(
  folder: string,
  stateOf: () => Parameters<RunCheckpoints['save']>[1] & {
    readonly tensors: Parameters<RunCheckpoints['save']>[0];
  },
): Promise<number> {
  const checkpoints = await RunCheckpoints.open(folder);
  const times: number[] = [];
  for (let n = 0; n < saves; n++) {
    const began = performance.now();
    const { tensors, ...rest } = stateOf();
    await checkpoints.save(tensors, rest, []);
    times.push(performance.now() - began);
  }
  return median(times);
}

/**
 * One training step with fused bits on the native backend against the same step by the composed definitions on TensorFlow.js's
 * own backend, from an equal state: the same weights, batch and targets.
 *
 * The native step runs first and the signs and masks of its blocks are kept. The composed step computes its own, compares
 * them, and goes on with those of the native one, so that one flipped bit does not make all that follows another network.
 */
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type ResNetDepth, binaryResNetDepths } from '../../src/models/depths.js';
import { BinaryResNet } from '../../src/models/bnn-resnet.js';
import type { Parameter } from '../../src/nn/parameters.js';
import type { KernelInputs } from '../../src/ops/kernel.js';
import { Adam } from '../../src/optim/optimizers/adam.js';
import { backendRuns, releaseSets, useBackendRun } from '../backends.js';
import { sameBits } from '../native/shapes.js';
import { randomBatch, randomTargets, tinyTrainer } from './trainer-parts.js';

/** What a step does with the outputs of the kernels that make bits; what it returns is what the step goes on with. */
interface Watcher {
  /** y, signs, mask, signs of the filter and scales of a whole block; of the parts of its definition before that. */
  block(outputs: Tensor[]): Tensor[];
  /** Signs and mask of a BatchNorm-sign. */
  signs(inputs: KernelInputs, outputs: Tensor[], epsilon: number): Tensor[];
  /** Signs and scales of latent weights. */
  filter(outputs: Tensor[]): Tensor[];
}

const watched = vi.hoisted<{ by: Watcher | undefined }>(() => ({ by: undefined }));

vi.mock(import('../../src/ops/kernel.js'), async (original) => {
  const actual = await original();
  const watchedKernel: typeof actual.composedKernel = (name, definition) => {
    const kernel = actual.composedKernel(name, definition);
    if (name !== 'BinaryResidual') return kernel;
    return (inputs, attributes) =>
      watched.by!.block(kernel(inputs, attributes) as Tensor[]) as ReturnType<typeof kernel>;
  };
  return { ...actual, composedKernel: watchedKernel };
});

vi.mock(import('../../src/ops/batch-norm.js'), async (original) => {
  const actual = await original();
  return {
    ...actual,
    normSignKernel: (inputs, attributes) =>
      watched.by!.signs(inputs, actual.normSignKernel(inputs, attributes), attributes.epsilon),
  };
});

vi.mock(import('../../src/ops/binary-conv2d.js'), async (original) => {
  const actual = await original();
  return {
    ...actual,
    filterSignsKernel: (inputs, attributes) =>
      watched.by!.filter(actual.filterSignsKernel(inputs, attributes)),
  };
});

const valuesOf = (of: Tensor): Float32Array => Float32Array.from(of.dataSync());

/** The bits of a step, block by block, as ±1. */
interface StepBits {
  readonly signs: Float32Array[];
  readonly masks: Float32Array[];
  readonly filters: Float32Array[];
}

/** Keeps the bits of the step that runs, whose blocks are one kernel each. */
class Keeper implements Watcher {
  readonly bits: StepBits = { signs: [], masks: [], filters: [] };

  block(outputs: Tensor[]): Tensor[] {
    const [signs, mask, filter] = outputs.slice(1).map(valuesOf);
    this.bits.signs.push(signs);
    this.bits.masks.push(mask);
    this.bits.filters.push(filter);
    return outputs;
  }

  signs(): Tensor[] {
    throw new Error('a fused step makes its signs within its blocks');
  }

  filter(): Tensor[] {
    throw new Error('a fused step makes the signs of its filters within its blocks');
  }
}

/** Normalised values nearer than this to where a bit changes may give either bit. */
const band = 1e-5;

/** The bits of one kind of a step, compared with those kept. */
interface Comparison {
  all: number;
  /** Bits whose value lies in the band. */
  near: number;
  /** Bits that differ though their value lies outside. */
  readonly flipped: string[];
}

/** Compares the bits of the step that runs with those kept, and puts these in their place. */
class Comparer implements Watcher {
  readonly signComparison: Comparison = { all: 0, near: 0, flipped: [] };
  readonly maskComparison: Comparison = { all: 0, near: 0, flipped: [] };
  blocks = 0;
  filters = 0;

  constructor(private readonly kept: StepBits) {}

  block(outputs: Tensor[]): Tensor[] {
    return outputs;
  }

  signs(inputs: KernelInputs, outputs: Tensor[], epsilon: number): Tensor[] {
    const block = this.blocks++;
    const values = normalisedInDoubles(inputs, epsilon);
    const bits = [this.kept.signs[block], this.kept.masks[block]];
    compare(this.signComparison, valuesOf(outputs[0]), bits[0], (i) => values[i], block);
    compare(this.maskComparison, valuesOf(outputs[1]), bits[1], (i) => 1 - Math.abs(values[i]), block);
    return outputs.map(({ shape }, at) => tensor(bits[at], shape));
  }

  filter(outputs: Tensor[]): Tensor[] {
    expect(sameBits(valuesOf(outputs[0]), this.kept.filters[this.filters++])).toBe(true);
    return outputs;
  }
}

/** @param distanceOf how far the value of a bit lies from where the bit changes */
function compare(
  comparison: Comparison,
  own: Float32Array,
  kept: Float32Array,
  distanceOf: (i: number) => number,
  block: number,
): void {
  expect(own.length).toBe(kept.length);
  comparison.all += own.length;
  for (let i = 0; i < own.length; i++) {
    const distance = distanceOf(i);
    const near = Math.abs(distance) <= band;
    if (near) comparison.near++;
    else if (own[i] !== kept[i])
      comparison.flipped.push(`block ${block} [${i}], ${distance} from the change`);
  }
}

/** γ (x − μ) / √(σ² + ε) + β of the kernel's inputs, the batch statistics among them computed anew, all in doubles. */
function normalisedInDoubles({ x: input, slope, gamma, beta }: KernelInputs, epsilon: number): Float64Array {
  const x = Float64Array.from(input.dataSync());
  const [slopes, g, b] = [slope, gamma, beta].map((row: Tensor | undefined) => row?.dataSync());
  const channels = g!.length;
  if (slopes) for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] *= slopes[i % channels];
  const rows = x.length / channels;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = c; i < x.length; i += channels) sum += x[i];
    for (let i = c; i < x.length; i += channels) squares += (x[i] - sum / rows) ** 2;
    const factor = g![c] / Math.sqrt(squares / rows + epsilon);
    for (let i = c; i < x.length; i += channels) x[i] = factor * (x[i] - sum / rows) + b![c];
  }
  return x;
}

/** Adam that keeps the gradients which it is given. */
class GradientKeeper extends Adam {
  readonly gradients = new Map<string, Float32Array>();

  override move(parameter: Parameter, gradient: Tensor, lr: number): void {
    this.gradients.set(parameter.name, valuesOf(gradient));
    super.move(parameter, gradient, lr);
  }
}

interface Step {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Latent weights after the step. */
  readonly latent: ReadonlyMap<string, Float32Array>;
}

interface Case {
  readonly title: string;
  readonly depth: ResNetDepth;
  readonly batchSize: number;
  /** Whether the terms on feature maps of both levels take part. */
  readonly features: boolean;
}

const seed = 1;
const lr = 1e-3;

/** The first step of a student of this seed on a random batch of 8×8 images, watched. */
function firstStep({ depth, batchSize, features }: Case, watcher: Watcher): Step {
  watched.by = watcher;
  const student = new BinaryResNet('compared', depth, { classes: 3, seed });
  const optimizer = new GradientKeeper();
  const { trainer, dispose } = tinyTrainer({
    student,
    optimizer,
    ...(features ? {} : { pairs: [], lossFlags: ['features=0'] }),
  });
  const batch = randomBatch(batchSize, seed);
  const { loss } = trainer.step(batch, randomTargets(batch), lr);
  const latent = student.store.parameters.filter((parameter) => parameter.latent);
  const step = {
    loss,
    gradients: optimizer.gradients,
    latent: new Map(latent.map(({ name, variable }) => [name, valuesOf(variable)])),
  };
  dispose();
  return step;
}

const cases: readonly Case[] = [
  {
    title: 'two levels, with feature maps',
    depth: { widths: [4, 40], blocks: [2, 2] },
    batchSize: 4,
    features: true,
  },
  { title: 'bnn-resnet20', depth: binaryResNetDepths['bnn-resnet20'], batchSize: 3, features: false },
];

/** Relative to the loss, and to the largest magnitude of each gradient. */
const tolerance = 1e-4;

function expectEqualBits({ signComparison, maskComparison, blocks, filters }: Comparer, count: number): void {
  expect([blocks, filters]).toEqual([count, count]);
  for (const { all, near, flipped } of [signComparison, maskComparison]) {
    expect(flipped).toEqual([]);
    expect(near).toBeLessThanOrEqual(1e-4 * all);
  }
}

const largestOf = (values: Float32Array): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function expectCloseGradients(fused: Step['gradients'], composed: Step['gradients']): void {
  expect([...fused.keys()].sort()).toEqual([...composed.keys()].sort());
  for (const [name, expected] of composed) {
    const errors = fused.get(name)!.map((value, i) => value - expected[i]);
    expect(largestOf(expected), name).toBeGreaterThan(0);
    expect(largestOf(errors), name).toBeLessThanOrEqual(tolerance * largestOf(expected));
  }
}

/**
 * The signs of the latent weights after the step, except where the weight is within the band of 0 or where its gradient is
 * within the tolerance of 0: Adam's first move is as long for a gradient of either sign.
 */
function expectEqualLatentSigns(fused: Step, composed: Step): void {
  for (const [name, expected] of composed.latent) {
    const gradient = composed.gradients.get(name)!;
    const certain = tolerance * largestOf(gradient);
    const flipped = fused.latent
      .get(name)!
      .filter(
        (value, i) =>
          value >= 0 !== expected[i] >= 0 && Math.abs(expected[i]) > band && Math.abs(gradient[i]) > certain,
      );
    expect([...flipped], name).toEqual([]);
  }
}

const composedRun = backendRuns.find(({ backend }) => backend === 'cpu')!;
const fusedRuns = backendRuns.filter(({ backend }) => backend === 'native');

describe.skipIf(fusedRuns.length === 0)('a training step with fused bits (needs the addon)', () => {
  afterAll(releaseSets);

  describe.each(fusedRuns)('$title', (run) => {
    it.each(cases)('is the composed step: $title', async (network) => {
      const keeper = new Keeper();
      await useBackendRun(run);
      const fused = firstStep(network, keeper);
      const comparer = new Comparer(keeper.bits);
      await useBackendRun(composedRun);
      const composed = firstStep(network, comparer);
      const blocks = network.depth.blocks.reduce((sum, count) => sum + count);
      expectEqualBits(comparer, blocks);
      expect(Math.abs(fused.loss - composed.loss)).toBeLessThanOrEqual(tolerance * composed.loss);
      expectCloseGradients(fused.gradients, composed.gradients);
      expectEqualLatentSigns(fused, composed);
    });
  });
});

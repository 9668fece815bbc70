import {
  backend,
  dispose,
  div,
  mean,
  square,
  sub,
  type Tensor4D,
  tensor4d,
  tidy,
} from '@tensorflow/tfjs-core';
import { NativeBackend } from '../backends/native/native-backend.js';
import { RunError } from '../errors.js';
import type { Network } from '../models/network.js';
import { Adam } from '../optim/optimizers/adam.js';
import { backpropagate } from '../training/backpropagation.js';

/** The memory that one part of a network keeps between the forward and the backward pass. */
export interface PartMemory {
  /** Its name as in checkpoints: `stem`, `blocks.3`. */
  readonly part: string;
  /** Height, width and channels of its output. */
  readonly output: readonly [height: number, width: number, channels: number];
  /** Bytes of its output and of what its gradient needs, minus its input if that is no longer needed. */
  readonly keptBytes: number;
}

/** The memory of a training step on the native backend, in bytes. */
export interface StepMemory {
  readonly parts: readonly PartMemory[];
  /** The parameters. */
  readonly parameterBytes: number;
  /** Adam's two moments of each parameter. */
  readonly optimizerBytes: number;
  /** The peak of activations, gradients and packed signs. */
  readonly tensorBytes: number;
  /** The peak of everything together. */
  readonly peakBytes: number;
}

/** Pixels of the largest batch that is run. */
const mostPixels = 2 ** 15;
/** Images of the largest batch that is run. */
const mostImages = 16;

/**
 * The memory of a training step of a network of any structure. Steps with two small batches are run. Since
 * each tensor either grows in proportion to the batch or does not depend on it, the memory of a large batch
 * follows. A small batch is run itself. Losses on feature maps are not counted.
 *
 * @throws RunError if the current backend is not the native one
 */
export function stepMemory(student: Network, batchSize: number): StepMemory {
  const tried = triedBatches(student.size, batchSize);
  const steps = tried.map((images) => measuredStep(student, images));
  const at = (of: (step: MeasuredStep) => number): number => {
    const [first, last] = [of(steps[0]), of(steps.at(-1)!)];
    const growth = steps.length === 1 ? 0 : (last - first) / (tried[1] - tried[0]);
    return Math.round(last + growth * (batchSize - tried.at(-1)!));
  };
  const parameterBytes = student.store.parameters.reduce((sum, { variable }) => sum + 4 * variable.size, 0);
  const tensorBytes = at((step) => step.tensorBytes);
  return {
    parts: steps[0].parts.map(({ part, output }, i) => ({
      ...{ part, output },
      keptBytes: at(({ parts }) => parts[i].keptBytes),
    })),
    parameterBytes,
    optimizerBytes: 2 * parameterBytes,
    tensorBytes,
    peakBytes: tensorBytes + 3 * parameterBytes,
  };
}

/** The batch sizes to run: `batchSize` if it is small, otherwise two small ones. */
function triedBatches([height, width]: readonly [number, number], batchSize: number): number[] {
  const most = Math.min(mostImages, Math.max(2, Math.floor(mostPixels / (height * width))));
  return batchSize <= most ? [batchSize] : [most / 2, most];
}

type MeasuredStep = Pick<StepMemory, 'parts' | 'tensorBytes'>;

function measuredStep(student: Network, images: number): MeasuredStep {
  const native = backend();
  if (!(native instanceof NativeBackend))
    throw new RunError('the memory of a step is measured on the native backend, which is not in use.');
  const { pool } = native;
  const { parameters } = student.store;
  const [height, width] = student.size;
  const pixels = new Float32Array(images * height * width * 3).fill(0.5);
  const byVariable = new Map(parameters.map((parameter) => [parameter.variable, parameter]));
  const adam = new Adam();
  const run = (): void => {
    adam.beginStep();
    // Normalised as by the trainer.
    const input = tidy(() => div<Tensor4D>(sub(tensor4d(pixels, [images, height, width, 3]), 0.4), 0.2));
    const loss = backpropagate(
      () => mean(square(student.apply(input, true).logits)),
      parameters.map(({ variable }) => variable),
      (variable, gradient) => {
        // A rate of 0 changes no parameter, but makes the moments.
        adam.move(byVariable.get(variable)!, gradient, 0);
        gradient.dispose();
      },
    );
    dispose([loss, input]);
  };
  run();
  const resting = pool.usedBytes;
  const parts: PartMemory[] = [];
  let before = resting;
  student.onPart = (part, { shape: [h, w, , channels] }) => {
    parts.push({ part, output: [h, w, channels], keptBytes: pool.usedBytes - before });
    before = pool.usedBytes;
  };
  pool.resetPeak();
  try {
    run();
    return { parts, tensorBytes: pool.peakBytes - resting };
  } finally {
    student.onPart = undefined;
    adam.dispose();
  }
}

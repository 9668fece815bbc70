import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import { RunError } from '../errors.js';
import type { BinaryResNet } from '../models/bnn-resnet.js';

/** A loss that is not a finite number; no weight was moved by it. */
export class NonFiniteLoss extends RunError {
  /** @param batch on which it came up */
  constructor(
    message: string,
    readonly batch: Batch,
    fix = 'use a smaller learning rate (--lr), or look for pictures or labels that are not finite',
  ) {
    super(message, { fix });
  }
}

/** What of a loss and its terms is not finite, as a clause; undefined where all is. */
export function nonFinitePart(loss: number, terms: Readonly<Record<string, number>>): string | undefined {
  const term = Object.entries(terms).find(([, value]) => !Number.isFinite(value));
  if (term) return `the loss term '${term[0]}' is ${term[1]}`;
  return Number.isFinite(loss) ? undefined : `the loss is ${loss}`;
}

/** The first binary layer, in the order of the network, whose activations before the sign are not finite. */
export function firstNonFiniteLayer(student: BinaryResNet, input: Tensor4D): string | undefined {
  student.activations.start();
  tidy(() => void student.apply(input, true));
  const layers = [...student.activations.finish()];
  return layers.find(([, { activationMean }]) => !Number.isFinite(activationMean))?.[0];
}

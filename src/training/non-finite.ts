import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import { RunError } from '../errors.js';
import type { Network } from '../models/network.js';

/** Where a loss is not finite. */
export interface NonFinitePlace {
  /** What is not finite, as a clause; see {@link nonFinitePart}. */
  readonly part: string;
  /** The first layer with activations that are not finite; undefined if there is none. */
  readonly layer: string | undefined;
  /** For example `step 3 of epoch 1`; absent for a single step. */
  readonly step?: string;
  readonly batch: Batch;
  /** The file with the batch. */
  readonly file?: string;
}

/** The error for a loss that is not a finite number. No weight has changed. */
export class NonFiniteLoss extends RunError {
  constructor(readonly place: NonFinitePlace) {
    const { part, layer, step, file } = place;
    const at = step === undefined ? '' : ` at ${step}`;
    const first =
      layer === undefined ? '' : `, and the first activations that are not finite are those of ${layer}`;
    const kept = file === undefined ? '' : `; its batch is in ${file}`;
    super(`${part}${at}${first}.`, {
      fix: `use a smaller learning rate (\`lr\`), or look for images or labels that are not finite${kept}; more in docs/stuck.md`,
    });
  }
}

/** The term or loss that is not finite, as a clause; undefined if all are finite. */
export function nonFinitePart(loss: number, terms: Readonly<Record<string, number>>): string | undefined {
  const term = Object.entries(terms).find(([, value]) => !Number.isFinite(value));
  if (term) return `the loss term '${term[0]}' is ${term[1]}`;
  return Number.isFinite(loss) ? undefined : `the loss is ${loss}`;
}

/**
 * The first binary layer, in the order of the network, with activations before the sign that are not finite.
 */
export function firstNonFiniteLayer(student: Network, input: Tensor4D): string | undefined {
  student.activations.start();
  tidy(() => void student.apply(input, true));
  const layers = [...student.activations.finish()];
  return layers.find(([, { activationMean }]) => !Number.isFinite(activationMean))?.[0];
}

import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import { RunError } from '../errors.js';
import type { Network } from '../models/network.js';

/** Where a loss was not finite. */
export interface NonFinitePlace {
  /** What is not finite, as of {@link nonFinitePart}. */
  readonly part: string;
  /** The first layer of which activations are not finite; undefined where all are. */
  readonly layer: string | undefined;
  /** `step 3 of epoch 1`; undefined for a step on its own. */
  readonly step?: string;
  readonly batch: Batch;
  /** The file that holds the batch. */
  readonly file?: string;
}

/** A loss that is not a finite number; no weight was moved by it. */
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

/** What of a loss and its terms is not finite, as a clause; undefined where all is. */
export function nonFinitePart(loss: number, terms: Readonly<Record<string, number>>): string | undefined {
  const term = Object.entries(terms).find(([, value]) => !Number.isFinite(value));
  if (term) return `the loss term '${term[0]}' is ${term[1]}`;
  return Number.isFinite(loss) ? undefined : `the loss is ${loss}`;
}

/** The first binary layer, in the order of the network, whose activations before the sign are not finite. */
export function firstNonFiniteLayer(student: Network, input: Tensor4D): string | undefined {
  student.activations.start();
  tidy(() => void student.apply(input, true));
  const layers = [...student.activations.finish()];
  return layers.find(([, { activationMean }]) => !Number.isFinite(activationMean))?.[0];
}

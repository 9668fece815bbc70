import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { untaped } from '../ops/kernel.js';

/** Statistics of the normalised activations v of a layer, of which it takes the signs, over one batch. */
export interface ActivationRecord {
  /** Mean and standard deviation of v over all elements. */
  readonly activationMean: number;
  readonly activationDeviation: number;
  /** The share of v ≥ 0, whose sign is +1. */
  readonly positiveShare: number;
  /** The share of |v| ≤ 1, where the straight-through estimator passes gradients. */
  readonly passShare: number;
}

/** The statistics of these values. */
export function activationRecord(values: ArrayLike<number>): ActivationRecord {
  let sum = 0;
  let squares = 0;
  let positive = 0;
  let passing = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    sum += v;
    squares += v * v;
    if (v >= 0) positive++;
    if (Math.abs(v) <= 1) passing++;
  }
  const mean = sum / values.length;
  return {
    activationMean: mean,
    activationDeviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)),
    positiveShare: positive / values.length,
    passShare: passing / values.length,
  };
}

/**
 * Records the activations of a network's binary layers in a forward pass between {@link start} and {@link
 * finish}. At other times it costs nothing. The blocks of a network share one.
 */
export class ActivationObserver {
  #records: Map<string, ActivationRecord> | undefined;

  start(): void {
    this.#records = new Map();
  }

  /**
   * Records the activations of a layer if the observer is on.
   *
   * @param layer its name in checkpoints: `blocks.3.conv`
   * @param normalised makes v; it runs off the gradient tape, and its result is disposed of
   */
  note(layer: string, normalised: () => Tensor): void {
    const records = this.#records;
    if (!records) return;
    untaped(() => tidy(() => void records.set(layer, activationRecord(normalised().dataSync()))));
  }

  /** What was recorded since the start, by layer. It ends the recording. */
  finish(): ReadonlyMap<string, ActivationRecord> {
    const records = this.#records ?? new Map<string, ActivationRecord>();
    this.#records = undefined;
    return records;
  }
}

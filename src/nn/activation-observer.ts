import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { untaped } from '../ops/kernel.js';

/** How the normalised activations v of a layer, of which the signs are taken, lie in one batch. */
export interface ActivationRecord {
  /** Mean and standard deviation of v over all elements. */
  readonly activationMean: number;
  readonly activationDeviation: number;
  /** The share of v ≥ 0, whose sign is +1. */
  readonly positiveShare: number;
  /** The share of |v| ≤ 1, through which the straight-through estimator lets gradients pass. */
  readonly passShare: number;
}

/** The record of values. */
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
 * Looks at the activations of a network's binary layers, for a forward pass between {@link start} and {@link finish}; else
 * it costs nothing. It is shared by the blocks of a network.
 */
export class ActivationObserver {
  #records: Map<string, ActivationRecord> | undefined;

  start(): void {
    this.#records = new Map();
  }

  /**
   * Takes note of a layer's activations where the observer is on.
   *
   * @param layer as in checkpoints: `blocks.3.conv`
   * @param normalised makes v; it is called off the gradient tape, and its result is disposed of
   */
  note(layer: string, normalised: () => Tensor): void {
    const records = this.#records;
    if (!records) return;
    untaped(() => tidy(() => void records.set(layer, activationRecord(normalised().dataSync()))));
  }

  /** What was seen since the start, by layer. */
  finish(): ReadonlyMap<string, ActivationRecord> {
    const records = this.#records ?? new Map<string, ActivationRecord>();
    this.#records = undefined;
    return records;
  }
}

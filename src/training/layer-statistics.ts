import type { Tensor } from '@tensorflow/tfjs-core';
import type { ActivationObserver, ActivationRecord } from '../nn/activation-observer.js';
import type { Parameter, ParameterStore } from '../nn/parameters.js';
import { checkWhole } from '../check-whole.js';
import type { TrainingState } from './training-state.js';

/**
 * What one step did to the latent weights of one layer, and how its activations were distributed. Layers that
 * a user has registered have no activations here.
 */
export interface LayerRecord extends Partial<ActivationRecord> {
  /** Its name as in checkpoints: `blocks.3.conv`. */
  readonly layer: string;
  /**
   * The share of weights whose sign changed since the last record, or since the start; see {@link flipRatio}.
   */
  readonly flipRatio: number;
  /** Mean of the gradient of the backward pass, before anything is done to it. */
  readonly gradientMean: number;
  /** Its standard deviation. */
  readonly gradientDeviation: number;
  /** Its Euclidean norm. */
  readonly gradientNorm: number;
  /** Mean magnitude of the latent weights after the step; for binary weights it is the scale. */
  readonly latentMagnitude: number;
}

/**
 * The share of weights whose sign differs, with sign(0) = +1:
 *
 *   flip ratio = #{i : sign(before_i) ≠ sign(after_i)} / n
 *
 * 0 for no weights. Source: the flip ratio that larq logs.
 */
export function flipRatio(before: ArrayLike<number>, after: ArrayLike<number>): number {
  let flips = 0;
  for (let i = 0; i < after.length; i++) if (before[i] >= 0 !== after[i] >= 0) flips++;
  return after.length === 0 ? 0 : flips / after.length;
}

/** The part of a network that is recorded. */
export interface ObservedNetwork {
  readonly store: Pick<ParameterStore, 'parameters'>;
  readonly activations?: ActivationObserver;
}

/** The layer of a parameter: `blocks.3.conv` for `blocks.3.conv.latent`. */
function layerOf(parameter: string): string {
  return parameter.slice(0, parameter.lastIndexOf('.'));
}

interface Layer {
  readonly parameter: Parameter;
  /** The signs of the latent weights at the last record. */
  signs: Int8Array;
  gradient: Pick<LayerRecord, 'gradientMean' | 'gradientDeviation' | 'gradientNorm'> | undefined;
}

/**
 * Records facts of a network's binary layers every few steps: how many signs flipped, how large gradients
 * were, and how activations were distributed before their sign. It changes nothing, so that training with it
 * gives the same bits. Steps that are not recorded take no time.
 */
export class LayerStatistics {
  readonly #layers: ReadonlyMap<Parameter, Layer>;
  readonly #activations: ActivationObserver | undefined;
  #steps = 0;

  /**
   * @param every steps from one record to the next, a whole number of at least 1
   * @throws InputError for another number
   */
  constructor(
    { store: { parameters }, activations }: ObservedNetwork,
    private readonly every: number,
  ) {
    checkWhole('the steps between two records of statistics', every, 1);
    this.#activations = activations;
    const latents = parameters.filter(({ latent }) => latent);
    this.#layers = new Map(
      latents.map((parameter) => [
        parameter,
        { parameter, signs: signsOf(parameter.variable.dataSync()), gradient: undefined },
      ]),
    );
  }

  /** The steps so far, and the signs of each layer's latent weights at the last record, as ±1. */
  state(): TrainingState {
    const tensors = [...this.#layers.values()].map(({ parameter: { name, variable }, signs }) => {
      return [layerOf(name), { shape: variable.shape, values: Float32Array.from(signs) }] as const;
    });
    return { tensors: new Map(tensors), counts: { steps: this.#steps } };
  }

  /** Continues from a state. */
  restore({ tensors, counts }: TrainingState): void {
    for (const layer of this.#layers.values())
      layer.signs = Int8Array.from(tensors.get(layerOf(layer.parameter.name))!.values);
    this.#steps = counts['steps'];
  }

  /** Begins a step, and says whether it is recorded: the last one of each `every`. */
  begin(): boolean {
    this.#steps++;
    if (this.#steps % this.every !== 0) return false;
    this.#activations?.start();
    return true;
  }

  /** Notes a gradient of a recorded step; the caller keeps it. */
  note(parameter: Parameter, gradient: Tensor): void {
    const layer = this.#layers.get(parameter);
    if (layer) layer.gradient = gradientFigures(gradient.dataSync());
  }

  /** The records of all layers after a recorded step, in the order of the network. */
  records(): LayerRecord[] {
    const activations = this.#activations?.finish();
    return [...this.#layers.values()].map((layer) => {
      const { name, variable } = layer.parameter;
      const weights = variable.dataSync();
      const ratio = flipRatio(layer.signs, weights);
      layer.signs = signsOf(weights);
      let magnitudes = 0;
      for (const weight of weights) magnitudes += Math.abs(weight);
      const none = { gradientMean: 0, gradientDeviation: 0, gradientNorm: 0 };
      const layerName = layerOf(name);
      return {
        layer: layerName,
        flipRatio: ratio,
        ...(layer.gradient ?? none),
        latentMagnitude: magnitudes / weights.length,
        ...activations?.get(layerName),
      };
    });
  }
}

function signsOf(weights: ArrayLike<number>): Int8Array {
  return Int8Array.from(weights, (weight) => (weight >= 0 ? 1 : -1));
}

function gradientFigures(values: ArrayLike<number>): NonNullable<Layer['gradient']> {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] * values[i];
  }
  const mean = sum / values.length;
  return {
    gradientMean: mean,
    gradientDeviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)),
    gradientNorm: Math.sqrt(squares),
  };
}

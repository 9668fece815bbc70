import { clone, mean, mul, stack, square, sub, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import type { Parameter } from '../nn/parameters.js';
import { sumInPlace } from '../ops/sum-in-place.js';
import { checkWhole } from '../check-whole.js';
import type { Optimizer } from './optimizer.js';

/** What is done to gradients on their way to the optimizer. */
export interface GradientSettings {
  /** Subtract from the gradient of each output channel its mean; default false. See {@link centralised}. */
  readonly centralise?: boolean;
  /** The largest global norm of the gradients, greater than 0; null (the default) for no limit. */
  readonly clipNorm?: number | null;
  /** How many batches are accumulated for one step, a whole number of at least 1; default 1. */
  readonly accumulate?: number;
}

/**
 * Gradient centralisation (Yong et al. 2020): g minus its mean over all axes but the last, that of the output channels
 * (filters are HWIO, matrices [in, out]). A gradient of rank 0 or 1 is itself. The caller disposes of the result.
 */
export function centralised(gradient: Tensor): Tensor {
  return tidy(() => {
    if (gradient.rank < 2) return clone(gradient);
    const within = gradient.shape.slice(0, -1).map((_, axis) => axis);
    return sub(gradient, mean(gradient, within));
  });
}

/** √ Σ g² over all elements of all gradients; 0 for none. */
export function globalNorm(gradients: readonly Tensor[]): number {
  if (gradients.length === 0) return 0;
  const squares = tidy(() => stack(gradients.map((gradient) => sum(square(gradient)))).dataSync());
  return Math.sqrt([...squares].reduce((all, one) => all + one, 0));
}

/** Turns the gradients of batches into steps of the optimizer. */
export interface GradientSteps {
  /** Before the gradients of a batch. */
  begin(): void;
  /** Takes the gradient of one parameter as soon as it is complete, and disposes of it. */
  take(parameter: Parameter, gradient: Tensor, lr: number): void;
  /**
   * After the gradients of a batch.
   *
   * @returns whether the optimizer made its step; false while more batches are to be accumulated for it
   */
  end(lr: number): boolean;
  /** The gradients accumulated for the next step, by parameter, and the number of their batches. */
  accumulated(): { readonly batches: number; readonly gradients: ReadonlyMap<Parameter, Tensor> };
  /** Continues from what another one had accumulated; it takes over the gradients. */
  restore(batches: number, gradients: ReadonlyMap<Parameter, Tensor>): void;
  /** Frees accumulated gradients that no step has used. */
  dispose(): void;
}

/**
 * What is done to gradients before the optimizer's step, in this order:
 *
 * 1. The mean over `accumulate` batches. For batches of equal size it is the gradient of one batch as large as all of them,
 *    apart from the statistics of BatchNorm, which are those of each batch.
 * 2. Centralisation; see {@link centralised}.
 * 3. Clipping (Pascanu et al. 2013): g ← g · clipNorm / ‖g‖ where the norm over all parameters, ‖g‖ = √ Σ g², is above
 *    clipNorm. A norm that is not finite is left as it is; the check of the loss finds the cause.
 *
 * The learning rate of a step is that of its last batch. Accumulation continues across the end of an epoch. Gradients that
 * are left at the end of training make no step.
 *
 * Without accumulation and clipping each large parameter is moved as soon as its gradient is complete, so that no two large
 * gradients are in memory at once.
 *
 * @throws InputError for a setting out of its range
 */
export function gradientSteps(optimizer: Optimizer, settings: GradientSettings = {}): GradientSteps {
  const { centralise = false, clipNorm = null, accumulate = 1 } = settings;
  checkWhole('the batches of a step (accumulate)', accumulate, 1);
  if (clipNorm !== null && !(clipNorm > 0 && Number.isFinite(clipNorm))) {
    throw new InputError(
      `the clipping of gradients (clipNorm) must be a finite number above 0, got ${clipNorm}.`,
    );
  }
  return accumulate === 1 && clipNorm === null
    ? new DirectSteps(optimizer, centralise)
    : new AccumulatedSteps(optimizer, { centralise, clipNorm, accumulate });
}

/** Gradients of at most so many elements wait until all gradients of the batch are there. */
const smallGradient = 1 << 16;

/**
 * Moves each large parameter at once, which frees its gradient early. The small ones are moved together at the end: between
 * the kernels of the backward pass, each of them would find its code and data evicted from the caches.
 */
class DirectSteps implements GradientSteps {
  readonly #waiting: { readonly parameter: Parameter; readonly gradient: Tensor }[] = [];

  constructor(
    private readonly optimizer: Optimizer,
    private readonly centralise: boolean,
  ) {}

  begin(): void {
    // Gradients of a step that failed may be left.
    this.dispose();
    this.optimizer.beginStep();
  }

  take(parameter: Parameter, complete: Tensor, lr: number): void {
    const gradient = this.centralise ? swapped(complete, centralised) : complete;
    if (gradient.size > smallGradient) moveAndDispose(this.optimizer, parameter, gradient, lr);
    else this.#waiting.push({ parameter, gradient });
  }

  end(lr: number): boolean {
    for (const { parameter, gradient } of this.#waiting) {
      moveAndDispose(this.optimizer, parameter, gradient, lr);
    }
    this.#waiting.length = 0;
    return true;
  }

  accumulated(): ReturnType<GradientSteps['accumulated']> {
    return { batches: 0, gradients: new Map() };
  }

  restore(): void {
    // Nothing is kept from one batch to the next.
  }

  dispose(): void {
    for (const { gradient } of this.#waiting) gradient.dispose();
    this.#waiting.length = 0;
  }
}

/** Moves all parameters after the last batch of a step. */
class AccumulatedSteps implements GradientSteps {
  readonly #optimizer: Optimizer;
  readonly #settings: Required<GradientSettings>;
  readonly #accumulated = new Map<Parameter, Tensor>();
  #batches = 0;

  constructor(optimizer: Optimizer, settings: Required<GradientSettings>) {
    this.#optimizer = optimizer;
    this.#settings = settings;
  }

  begin(): void {
    this.#batches++;
  }

  take(parameter: Parameter, gradient: Tensor): void {
    const before = this.#accumulated.get(parameter);
    this.#accumulated.set(parameter, before ? sumInPlace(before, gradient) : gradient);
  }

  end(lr: number): boolean {
    const { centralise, clipNorm, accumulate } = this.#settings;
    if (this.#batches < accumulate) return false;
    if (accumulate > 1) this.#each((gradient) => mul(gradient, 1 / accumulate));
    if (centralise) this.#each(centralised);
    if (clipNorm !== null) {
      const norm = globalNorm([...this.#accumulated.values()]);
      if (norm > clipNorm && Number.isFinite(norm)) this.#each((gradient) => mul(gradient, clipNorm / norm));
    }
    this.#optimizer.beginStep();
    for (const [parameter, gradient] of this.#accumulated) {
      moveAndDispose(this.#optimizer, parameter, gradient, lr);
    }
    this.#accumulated.clear();
    this.#batches = 0;
    return true;
  }

  accumulated(): ReturnType<GradientSteps['accumulated']> {
    return { batches: this.#batches, gradients: this.#accumulated };
  }

  restore(batches: number, gradients: ReadonlyMap<Parameter, Tensor>): void {
    this.dispose();
    for (const [parameter, gradient] of gradients) this.#accumulated.set(parameter, gradient);
    this.#batches = batches;
  }

  dispose(): void {
    for (const gradient of this.#accumulated.values()) gradient.dispose();
    this.#accumulated.clear();
    this.#batches = 0;
  }

  #each(change: (gradient: Tensor) => Tensor): void {
    for (const [parameter, gradient] of this.#accumulated)
      this.#accumulated.set(parameter, swapped(gradient, change));
  }
}

function moveAndDispose(optimizer: Optimizer, parameter: Parameter, gradient: Tensor, lr: number): void {
  optimizer.move(parameter, gradient, lr);
  gradient.dispose();
}

/** The changed gradient; the one before is disposed of. */
function swapped(gradient: Tensor, change: (gradient: Tensor) => Tensor): Tensor {
  const changed = change(gradient);
  gradient.dispose();
  return changed;
}

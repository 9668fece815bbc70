import { clone, mean, mul, stack, square, sub, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import type { Parameter } from '../nn/parameters.js';
import { sumInPlace } from '../ops/sum-in-place.js';
import { checkWhole } from '../check-whole.js';
import type { Optimizer } from './optimizer.js';

/** What is done to gradients on their way to the optimizer. */
export interface GradientSettings {
  /** Take the mean out of each output channel's gradient; default false. See {@link centralised}. */
  readonly centralise?: boolean;
  /** The most that the global norm of the gradients may be, greater than 0; null (the default) for any. */
  readonly clipNorm?: number | null;
  /** The batches whose mean gradient makes one step, a whole number of at least 1; default 1. */
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

/** Takes the gradients of each batch and makes the optimizer's steps of them. */
export interface GradientSteps {
  /** Before the gradients of a batch. */
  begin(): void;
  /** Takes the gradient of one parameter, as soon as it is complete, and disposes of it. */
  take(parameter: Parameter, gradient: Tensor, lr: number): void;
  /**
   * After the gradients of a batch.
   *
   * @returns whether the optimizer's step is done; false where more batches are gathered for it
   */
  end(lr: number): boolean;
  /** The gradients gathered for a step that is still to come, by parameter, and the batches they are of. */
  gathered(): { readonly batches: number; readonly gradients: ReadonlyMap<Parameter, Tensor> };
  /** Goes on from what another one had gathered; the gradients become its own. */
  restore(batches: number, gradients: ReadonlyMap<Parameter, Tensor>): void;
  /** Lets go of what was gathered and not used. */
  dispose(): void;
}

/**
 * The way of gradients to the optimizer. In this order: the mean over `accumulate` batches, which for batches of equal size
 * is the gradient of a batch as large as all of them (but for the statistics of BatchNorm, which stay those of each batch);
 * centralisation; clipping, g ← g · clipNorm / ‖g‖ where the norm over all parameters ‖g‖ = √ Σ g² is above clipNorm
 * (Pascanu et al. 2013; a norm that is not finite is left for the check of the loss to find). The rate of a step is that of
 * its last batch. Batches go on being gathered over the end of an epoch; what is left at the end of training makes no step.
 *
 * Without accumulation and clipping each large parameter is moved as soon as its gradient is complete, so that the gradients
 * need no memory beside one another.
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
    : new GatheredSteps(optimizer, { centralise, clipNorm, accumulate });
}

/** Gradients of at most so many elements wait for the end of a step. */
const smallGradient = 1 << 16;

/**
 * Moves each large parameter at once, so that its gradient needs no memory for longer. The small ones are moved together at
 * the end: between the kernels of the backward pass each would find its code and data driven out of the caches.
 */
class DirectSteps implements GradientSteps {
  readonly #waiting: { readonly parameter: Parameter; readonly gradient: Tensor }[] = [];

  constructor(
    private readonly optimizer: Optimizer,
    private readonly centralise: boolean,
  ) {}

  begin(): void {
    // A step that failed left its gradients.
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

  gathered(): ReturnType<GradientSteps['gathered']> {
    return { batches: 0, gradients: new Map() };
  }

  restore(): void {
    // Nothing lasts from one batch to the next.
  }

  dispose(): void {
    for (const { gradient } of this.#waiting) gradient.dispose();
    this.#waiting.length = 0;
  }
}

/** Moves all parameters when the last gradient of the last batch is there. */
class GatheredSteps implements GradientSteps {
  readonly #optimizer: Optimizer;
  readonly #settings: Required<GradientSettings>;
  readonly #gathered = new Map<Parameter, Tensor>();
  #batches = 0;

  constructor(optimizer: Optimizer, settings: Required<GradientSettings>) {
    this.#optimizer = optimizer;
    this.#settings = settings;
  }

  begin(): void {
    this.#batches++;
  }

  take(parameter: Parameter, gradient: Tensor): void {
    const before = this.#gathered.get(parameter);
    this.#gathered.set(parameter, before ? sumInPlace(before, gradient) : gradient);
  }

  end(lr: number): boolean {
    const { centralise, clipNorm, accumulate } = this.#settings;
    if (this.#batches < accumulate) return false;
    if (accumulate > 1) this.#each((gradient) => mul(gradient, 1 / accumulate));
    if (centralise) this.#each(centralised);
    if (clipNorm !== null) {
      const norm = globalNorm([...this.#gathered.values()]);
      if (norm > clipNorm && Number.isFinite(norm)) this.#each((gradient) => mul(gradient, clipNorm / norm));
    }
    this.#optimizer.beginStep();
    for (const [parameter, gradient] of this.#gathered) {
      moveAndDispose(this.#optimizer, parameter, gradient, lr);
    }
    this.#gathered.clear();
    this.#batches = 0;
    return true;
  }

  gathered(): ReturnType<GradientSteps['gathered']> {
    return { batches: this.#batches, gradients: this.#gathered };
  }

  restore(batches: number, gradients: ReadonlyMap<Parameter, Tensor>): void {
    this.dispose();
    for (const [parameter, gradient] of gradients) this.#gathered.set(parameter, gradient);
    this.#batches = batches;
  }

  dispose(): void {
    for (const gradient of this.#gathered.values()) gradient.dispose();
    this.#gathered.clear();
    this.#batches = 0;
  }

  #each(change: (gradient: Tensor) => Tensor): void {
    for (const [parameter, gradient] of this.#gathered)
      this.#gathered.set(parameter, swapped(gradient, change));
  }
}

function moveAndDispose(optimizer: Optimizer, parameter: Parameter, gradient: Tensor, lr: number): void {
  optimizer.move(parameter, gradient, lr);
  gradient.dispose();
}

/** The changed gradient in the place of the one before. */
function swapped(gradient: Tensor, change: (gradient: Tensor) => Tensor): Tensor {
  const changed = change(gradient);
  gradient.dispose();
  return changed;
}

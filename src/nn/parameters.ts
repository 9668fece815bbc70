import { type Tensor, tensor, tidy, type Variable, variable } from '@tensorflow/tfjs-core';
import { purposes, RandomStream } from '../data/random.js';

/** A tensor that training moves. */
export interface Parameter {
  /** Its path in the network, such as `blocks.3.conv.latent`. */
  readonly name: string;
  readonly variable: Variable;
  /**
   * Whether these are latent weights: where weights are binary the forward pass sees their signs, and a
   * scale.
   */
  readonly latent: boolean;
}

/** A tensor of state that has no gradient, such as a running mean. */
export interface StateBuffer {
  readonly name: string;
  readonly variable: Variable;
}

/** How a new tensor is filled. */
export type Initialisation =
  | { readonly kind: 'constant'; readonly value: number }
  /** Normal with σ = gain · √(2 / fanIn) (He et al. 2015); gain 1 unless given. */
  | { readonly kind: 'heNormal'; readonly fanIn: number; readonly gain?: number }
  /** Uniform in ±bound. */
  | { readonly kind: 'uniform'; readonly bound: number };

/** How fast running statistics move: running = (1 − momentum)·running + momentum·batch. */
export interface MovingStatistics {
  momentum: number;
}

/** The parameters and buffers of a network, in the order in which its layers made them. */
export class ParameterStore {
  readonly parameters: Parameter[] = [];
  readonly buffers: StateBuffer[] = [];
  /** The BatchNorms, whose momentum may be changed. */
  readonly batchNorms: MovingStatistics[] = [];

  /** @param seed keys the initial values; each tensor draws numbers of its own */
  constructor(readonly seed: number) {}

  /** The scope of the whole network; layers make their tensors in scopes below it. */
  get root(): Scope {
    return new Scope(this, '');
  }

  /** Parameters and buffers by name. */
  named(): Map<string, Variable> {
    return new Map([...this.parameters, ...this.buffers].map((entry) => [entry.name, entry.variable]));
  }

  dispose(): void {
    for (const { variable: held } of [...this.parameters, ...this.buffers]) held.dispose();
    this.parameters.length = 0;
    this.buffers.length = 0;
    this.batchNorms.length = 0;
  }
}

/** A place in the network's tree of names, where a layer makes its tensors. */
export class Scope {
  constructor(
    private readonly store: ParameterStore,
    /** The names that lead from the root to this place, with dots between them. */
    readonly path: string,
  ) {}

  child(name: string): Scope {
    return new Scope(this.store, this.nameOf(name));
  }

  parameter<T extends Tensor>(
    name: string,
    shape: number[],
    fill: Initialisation,
    latent = false,
  ): Variable & T {
    const made = this.make(shape, fill, true);
    this.store.parameters.push({ name: this.nameOf(name), variable: made, latent });
    return made as Variable & T;
  }

  buffer<T extends Tensor>(name: string, shape: number[], value: number): Variable & T {
    const made = this.make(shape, { kind: 'constant', value }, false);
    this.store.buffers.push({ name: this.nameOf(name), variable: made });
    return made as Variable & T;
  }

  /** Adds a BatchNorm of this scope to those of the network. */
  register(batchNorm: MovingStatistics): void {
    this.store.batchNorms.push(batchNorm);
  }

  private nameOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  private make(shape: number[], fill: Initialisation, trainable: boolean): Variable {
    const values = new Float32Array(shape.reduce((all, size) => all * size, 1));
    if (fill.kind === 'constant') {
      values.fill(fill.value);
    } else {
      const index = this.store.parameters.length + this.store.buffers.length;
      const stream = new RandomStream({ seed: this.store.seed, index, purpose: purposes.initialisation });
      if (fill.kind === 'heNormal') {
        const deviation = (fill.gain ?? 1) * Math.sqrt(2 / fill.fanIn);
        for (let i = 0; i < values.length; i++) values[i] = deviation * stream.normal();
      } else {
        for (let i = 0; i < values.length; i++) values[i] = fill.bound * (2 * stream.float() - 1);
      }
    }
    return tidy(() => variable(tensor(values, shape), trainable));
  }
}

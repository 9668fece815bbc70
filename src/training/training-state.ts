import { type Tensor, tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { NamedTensor } from '../files/safetensors.js';

/** What a training step passes on to the next: tensors by name, and counts. */
export interface TrainingState {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly counts: Readonly<Record<string, number>>;
}

/** Copies of the values of tensors, with a prefix before their names. */
export function valuesOf(tensors: ReadonlyMap<string, Tensor>, prefix = ''): Map<string, NamedTensor> {
  return new Map(
    [...tensors].map(([name, held]) => [
      prefix + name,
      // Kernels change variables in place.
      { shape: held.shape, values: Float32Array.from(held.dataSync()) },
    ]),
  );
}

/** The tensors whose names have a prefix, without it. */
export function underPrefix(
  tensors: ReadonlyMap<string, NamedTensor>,
  prefix: string,
): Map<string, NamedTensor> {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, held]) => [name.slice(prefix.length), held]),
  );
}

/**
 * Sets variables to the values of a state.
 *
 * @throws Error if one is missing or has another shape
 */
export function assignAll(
  variables: ReadonlyMap<string, Variable>,
  tensors: ReadonlyMap<string, NamedTensor>,
): void {
  for (const [name, variable] of variables) {
    const held = tensors.get(name);
    if (held?.shape.join() !== variable.shape.join())
      throw new Error(
        `the state has '${name}' as [${held?.shape.join(', ')}], expected [${variable.shape.join(', ')}]`,
      );
    tidy(() => variable.assign(tensor(held.values.slice(), variable.shape)));
  }
}

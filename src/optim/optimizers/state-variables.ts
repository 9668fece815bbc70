import { tensor, tidy, variable, type Variable, zerosLike } from '@tensorflow/tfjs-core';
import type { NamedTensor } from '../../files/safetensors.js';

/** What an optimizer remembers between steps: variables by name, which start at 0. */
export class StateVariables {
  readonly #byName = new Map<string, Variable>();

  /** The variable of a name; at the first time a new one with the shape of `like`. */
  of(name: string, like: Variable): Variable {
    let found = this.#byName.get(name);
    if (!found) {
      found = tidy(() => variable(zerosLike(like), false));
      this.#byName.set(name, found);
    }
    return found;
  }

  /** Variables of these names and values in place of what is there. */
  restore(tensors: ReadonlyMap<string, NamedTensor>): void {
    this.dispose();
    for (const [name, { shape, values }] of tensors)
      this.#byName.set(
        name,
        tidy(() => variable(tensor(values.slice(), [...shape]), false)),
      );
  }

  /** All of them by name, in the order in which they were made. */
  named(): Map<string, Variable> {
    return new Map(this.#byName);
  }

  dispose(): void {
    for (const held of this.#byName.values()) held.dispose();
    this.#byName.clear();
  }
}

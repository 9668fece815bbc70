import {
  clone,
  engine,
  onesLike,
  type Scalar,
  type Tensor,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import { markConsumable } from '../ops/consumable.js';
import { offerGathered } from '../ops/gathered-gradient.js';
import { sumInPlace } from '../ops/sum-in-place.js';

/** What the engine records of one operation. */
interface TapeNode {
  readonly kernelName: string;
  readonly inputs: Record<string, Tensor>;
  readonly outputs: Tensor[];
  readonly gradient?: (dys: (Tensor | undefined)[]) => Record<string, () => Tensor>;
  readonly saved?: Tensor[];
}

/**
 * Computes a loss and hands out the gradient of each variable as soon as it is complete.
 *
 * It walks the tape of TensorFlow.js's engine as `variableGrads` does, but lets go of every upstream gradient and saved
 * tensor at once when its operation is done, where `variableGrads` keeps them all to the end: the peak of memory is that
 * of the forward pass and one block. The gradient of a variable is complete when the last operation that used it is done,
 * so that an optimizer may move it there and then.
 *
 * @param loss builds the loss, a scalar; what else it makes is disposed of
 * @param variables those whose gradients are wanted
 * @param onGradient gets each variable with its gradient, which it owns and must dispose of; variables that the loss does
 *   not depend on are not reported
 * @returns the loss; the caller disposes of it
 */
export function backpropagate(
  loss: () => Scalar,
  variables: readonly Variable[],
  onGradient: (variable: Variable, gradient: Tensor) => void,
): Scalar {
  const { value, tape } = record(loss);
  const dependent = new Set(variables.map(({ id }) => id));
  const byId = new Map(variables.map((variable) => [variable.id, variable]));
  // How many operations on the way to the loss still have to use each variable.
  const uses = new Map<number, number>();
  for (const node of tape) {
    const inputs = Object.values(node.inputs);
    if (!inputs.some(({ id }) => dependent.has(id))) continue;
    for (const output of node.outputs) dependent.add(output.id);
    for (const { id } of inputs) if (byId.has(id)) uses.set(id, (uses.get(id) ?? 0) + 1);
  }
  const gradients = new Map<number, Tensor>([[value.id, onesLike(value)]]);
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i];
    propagate(node, gradients, dependent);
    for (const tensor of node.saved ?? []) tensor.dispose();
    for (const { id } of Object.values(node.inputs)) {
      const remaining = uses.get(id);
      if (remaining === undefined) continue;
      uses.set(id, remaining - 1);
      if (remaining > 1) continue;
      const gradient = gradients.get(id);
      gradients.delete(id);
      if (gradient) onGradient(byId.get(id)!, gradient);
    }
  }
  for (const left of gradients.values()) left.dispose();
  return value;
}

/** Runs `loss` with the tape on. */
function record(loss: () => Scalar): { value: Scalar; tape: TapeNode[] } {
  const { state } = engine();
  state.activeTape = [];
  state.gradientDepth++;
  try {
    const value = tidy(loss);
    return { value, tape: state.activeTape as unknown as TapeNode[] };
  } catch (error) {
    for (const node of state.activeTape as unknown as TapeNode[]) {
      for (const tensor of node.saved ?? []) tensor.dispose();
    }
    throw error;
  } finally {
    state.gradientDepth--;
    state.activeTape = [];
  }
}

/** Adds the gradients of a node's inputs to those gathered so far and takes those of its outputs away. */
function propagate(node: TapeNode, gradients: Map<number, Tensor>, dependent: ReadonlySet<number>): void {
  const dys = node.outputs.map(({ id }) => gradients.get(id));
  if (dys.every((dy) => dy === undefined)) return;
  const wanted = Object.entries(node.inputs).filter(([, { id }]) => dependent.has(id));
  if (wanted.length > 0) {
    if (!node.gradient) throw new Error(`the operation ${node.kernelName} has no gradient`);
    for (const dy of dys) {
      if (!dy) continue;
      // Nothing else holds an upstream gradient, so the operation may overwrite it.
      markConsumable(dy);
      offerGathered(dy, gradients);
    }
    const found = tidy(() => {
      const thunks = node.gradient!(dys);
      // A gradient that is dy itself outlives it.
      return wanted
        .map(([name]) => thunks[name]())
        .map((gradient) => (dys.includes(gradient) ? clone(gradient) : gradient));
    });
    wanted.forEach(([, { id }], at) => {
      const gathered = gradients.get(id);
      gradients.set(id, gathered ? sumInPlace(gathered, found[at]) : found[at]);
    });
  }
  for (const { id } of node.outputs) {
    gradients.get(id)?.dispose();
    gradients.delete(id);
  }
}

import {
  clone,
  engine,
  onesLike,
  type Scalar,
  type Tensor,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import type { BackwardContext } from '../ops/backward-context.js';
import type { TapeNode } from '../ops/differentiable.js';
import { sumInPlace } from '../ops/sum-in-place.js';

/**
 * Computes a loss and hands out the gradient of each variable as soon as it is complete.
 *
 * It walks the tape of TensorFlow.js's engine as `variableGrads` does. But it lets go of every upstream
 * gradient and saved tensor as soon as their operation is done, where `variableGrads` keeps them to the end:
 * the peak of memory is the forward pass and one block. The gradient of a variable is complete when the last
 * operation that used the variable is done, so that an optimizer may move it there and then.
 *
 * @param loss builds the loss, a scalar; other tensors that it makes are disposed of
 * @param variables those whose gradients are wanted
 * @param onGradient gets each variable with its gradient, which it owns and must dispose of; a variable that
 *   the loss does not depend on is not reported
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
  // How many operations, of those that the loss depends on, still have to use each variable.
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

/** Adds the gradients of a node's inputs to those accumulated so far, and takes those of its outputs away. */
function propagate(node: TapeNode, gradients: Map<number, Tensor>, dependent: ReadonlySet<number>): void {
  const dys = node.outputs.map(({ id }) => gradients.get(id));
  if (dys.every((dy) => dy === undefined)) return;
  const names = Object.keys(node.inputs);
  const wanted = names.flatMap((name, at) => (dependent.has(node.inputs[name].id) ? [at] : []));
  if (wanted.length > 0) {
    const found = tidy(() => {
      const ofInputs = gradientsOf(node, names, dys, gradients);
      // A gradient that is dy itself must outlive dy.
      return wanted.map((at) => {
        const gradient = ofInputs(at);
        return dys.includes(gradient) ? clone(gradient) : gradient;
      });
    });
    wanted.forEach((at, i) => {
      const { id } = node.inputs[names[at]];
      const accumulated = gradients.get(id);
      gradients.set(id, accumulated ? sumInPlace(accumulated, found[i]) : found[i]);
    });
  }
  for (const { id } of node.outputs) {
    gradients.get(id)?.dispose();
    gradients.delete(id);
  }
}

/** The gradients of a node's inputs, by their places among its inputs. */
function gradientsOf(
  node: TapeNode,
  names: readonly string[],
  dys: readonly (Tensor | undefined)[],
  gradients: Map<number, Tensor>,
): (at: number) => Tensor {
  if (node.backward) {
    const found = node.backward(dys, contextOf(dys, gradients));
    return (at) => found[at];
  }
  if (!node.gradient) throw new Error(`the operation ${node.kernelName} has no gradient`);
  const byName = node.gradient(dys);
  return (at) => byName[names[at]]();
}

/**
 * What the gradient function of one operation may do with its upstream gradients and with those accumulated
 * so far.
 */
function contextOf(dys: readonly (Tensor | undefined)[], gradients: Map<number, Tensor>): BackwardContext {
  return {
    // Nothing else holds an upstream gradient: all operations that used the value are done.
    mayOverwrite: (dy) => dys.includes(dy),
    takeAccumulated: ({ id }) => {
      const accumulated = gradients.get(id);
      gradients.delete(id);
      return accumulated;
    },
  };
}

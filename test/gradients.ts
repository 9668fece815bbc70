/** Two ways to the gradients of a loss, in one form. */
import * as tf from '@tensorflow/tfjs-core';
import { backpropagate } from '../src/training/backpropagation.js';

/** The loss and the gradient of each variable that has one, as plain numbers. */
export interface LossAndGradients {
  readonly loss: number;
  readonly gradients: ReadonlyMap<tf.Variable, Float32Array>;
}

export type Differentiate = (loss: () => tf.Scalar, variables: readonly tf.Variable[]) => LossAndGradients;

/** TensorFlow.js's own. */
export const byVariableGrads: Differentiate = (loss, variables) => {
  const { value, grads } = tf.variableGrads(loss, [...variables]);
  const found = variables.filter(({ name }) => grads[name] != null);
  const result = {
    loss: value.dataSync()[0],
    gradients: new Map(found.map((v) => [v, grads[v.name].dataSync().slice() as Float32Array])),
  };
  tf.dispose([value, ...Object.values(grads)]);
  return result;
};

/** Ours, which gives memory back as it goes. */
export const byBackpropagation: Differentiate = (loss, variables) => {
  const gradients = new Map<tf.Variable, Float32Array>();
  const value = backpropagate(loss, variables, (variable, gradient) => {
    if (gradients.has(variable)) throw new Error('a variable was reported twice');
    if (gradient.shape.join() !== variable.shape.join())
      throw new Error(
        `a variable of [${variable.shape.join()}] got a gradient of [${gradient.shape.join()}]`,
      );
    gradients.set(variable, gradient.dataSync().slice() as Float32Array);
    gradient.dispose();
  });
  const result = { loss: value.dataSync()[0], gradients };
  value.dispose();
  return result;
};

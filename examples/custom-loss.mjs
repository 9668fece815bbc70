// Your own loss as a term of a run: the mean squared difference of the logits. A recipe lists this file under `imports` (see
// custom-recipe.yaml); then `logitMatching` is a loss like any other.
import * as tf from '@tensorflow/tfjs-core';
import { registerLoss } from 'bnn-distill';

registerLoss({
  name: 'logitMatching',
  needs: 'teacher',
  options: { scale: 1 },
  value: ({ logits, teacherLogits }, { scale }) =>
    tf.mean(tf.square(tf.sub(logits, tf.mul(teacherLogits, scale))), 1),
});

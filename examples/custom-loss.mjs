// Your own loss as a term of a run: the mean squared difference of the logits. A recipe lists this file under `imports` (see
// custom-recipe.yaml); then `logitMatching` is a loss like any other. The losses of the package are objects of the same kind.
import * as tf from '@tensorflow/tfjs-core';
import { registerLoss } from 'bnn-distill';

registerLoss({
  name: 'logitMatching',
  description: "The mean squared difference of the student's logits from the teacher's.",
  needs: 'teacher',
  options: {
    scale: { default: 1, range: { above: 0 }, description: "Multiplies the teacher's logits." },
  },
  value: ({ logits, teacherLogits }, { scale }) =>
    tf.mean(tf.square(tf.sub(logits, tf.mul(teacherLogits, scale))), 1),
});

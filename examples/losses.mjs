// The losses are plain functions of tensors. Here klDivergence teaches a small student in an ordinary TensorFlow.js loop, with
// an optimizer of TensorFlow.js.
//     node examples/losses.mjs
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from 'bnn-distill';
import { klDivergence } from 'bnn-distill/losses';

await useBackend('native'); // or 'cpu', TensorFlow.js's own

// A "teacher" that answers 256 inputs of 8 numbers with logits of 4 classes.
const inputs = tf.randomNormal([256, 8], 0, 1, 'float32', 1);
const teacherLogits = tf.mul(3, tf.tanh(tf.matMul(inputs, tf.randomNormal([8, 4], 0, 1, 'float32', 2))));

// A student with one hidden layer.
const hidden = tf.variable(tf.randomNormal([8, 32], 0, 0.3, 'float32', 3));
const output = tf.variable(tf.randomNormal([32, 4], 0, 0.3, 'float32', 4));
const student = () => tf.matMul(tf.relu(tf.matMul(inputs, hidden)), output);

const optimizer = tf.train.adam(0.01);
for (let step = 0; step <= 300; step++) {
  const loss = optimizer.minimize(() => {
    const perSample = klDivergence(student(), teacherLogits, { temperature: 4 }); // shape [256]
    return tf.mean(perSample);
  }, true);
  if (step % 100 === 0) console.log(`step ${step}  loss ${loss.dataSync()[0].toFixed(4)}`);
  loss.dispose();
}

const agreement = tf.tidy(() =>
  tf.mean(tf.cast(tf.equal(tf.argMax(student(), 1), tf.argMax(teacherLogits, 1)), 'float32')),
);
console.log(
  `the student agrees with the teacher on ${(100 * agreement.dataSync()[0]).toFixed(1)} % of the inputs`,
);

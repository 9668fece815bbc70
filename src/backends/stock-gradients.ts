/**
 * Registers the gradients of TensorFlow.js's own operations (add, mean, matMul, …). In Node only tfjs-layers brings
 * them, as a side effect of its import; without it a tape that meets a stock operation throws.
 */
import '@tensorflow/tfjs-layers';

import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '../src/ops/stock-gradients.js';

/** The backends on which every numeric test runs. */
export const backends: readonly string[] = ['cpu'];

/** Makes `name` the current backend, or throws: a test must not run on another one in silence. */
export async function useTestBackend(name: string): Promise<void> {
  const started = await tf.setBackend(name);
  if (!started || tf.getBackend() !== name) throw new Error(`the backend ${name} did not start`);
}

import { availableParallelism } from 'node:os';
import { backend, setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { nativeAddon } from './native/addon.js';
import { registerNativeBackend } from './native/register.js';
import './stock-gradients.js';

/** The backends on which a student trains: ours, TensorFlow.js's own in JavaScript, and TensorFlow's C library. */
export const backendNames = ['native', 'cpu', 'tensorflow'] as const;

/** One of {@link backendNames}. */
export type BackendName = (typeof backendNames)[number];

/** Settings of {@link useBackend}. */
export interface BackendOptions {
  /** Threads of the native kernels, from 1; default: the processors that this process may use. */
  threads?: number;
}

/**
 * Makes a backend the one on which every tensor operation runs from now on.
 *
 * @throws InputError for an unknown name, for `tensorflow` when neither of its packages is installed, or for a number of
 *   threads that is not a whole number from 1
 * @throws RunError for `native` when the addon was not built
 */
export async function useBackend(name: string, options: BackendOptions = {}): Promise<void> {
  const threads = options.threads ?? availableParallelism();
  if (!Number.isInteger(threads) || threads < 1) {
    throw new InputError(`the number of threads must be a whole number from 1, got ${threads}.`);
  }
  switch (name) {
    case 'native':
      registerNativeBackend();
      nativeAddon().setThreads(threads);
      await setBackend('native');
      return;
    case 'cpu':
      await setBackend('cpu');
      // It recommends another backend at the first write.
      (backend() as unknown as { firstUse: boolean }).firstUse = false;
      return;
    case 'tensorflow':
      await loadTensorflow();
      await setBackend('tensorflow');
      return;
    default:
      throw new InputError(`the backend '${name}' is unknown; expected one of ${backendNames.join(', ')}.`, {
        nearest: nearestNames(name, backendNames),
        fix: 'choose one of them, for instance `backend: native`',
      });
  }
}

async function loadTensorflow(): Promise<void> {
  const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];
  let cause: unknown;
  for (const name of packages) {
    try {
      await import(name);
      return;
    } catch (error) {
      cause = error;
    }
  }
  throw new InputError(
    `the backend 'tensorflow' needs one of the optional packages ${packages.join(' and ')}, and neither can be loaded.`,
    { fix: 'npm install @tensorflow/tfjs-node@4.22.0 (or @tensorflow/tfjs-node-gpu@4.22.0 for CUDA)', cause },
  );
}

import { getBackend } from '@tensorflow/tfjs-core';
import { nativeAddon } from '../src/backends/native/addon.js';
import { useBackend } from '../src/backends/use-backend.js';
import { RunError } from '../src/errors.js';

/** Whether `npm run build:native` has built the addon; one that is there but does not load is an error. */
function nativeIsBuilt(): boolean {
  try {
    nativeAddon();
    return true;
  } catch (error) {
    if (error instanceof RunError && error.message.includes('was not built')) return false;
    throw error;
  }
}

/** The backends on which every numeric test runs: TensorFlow.js's own, and ours where it was built. */
export const backends: readonly string[] = nativeIsBuilt() ? ['cpu', 'native'] : ['cpu'];

/** Makes `name` the current backend, or throws: a test must not run on another one in silence. */
export async function useTestBackend(name: string): Promise<void> {
  await useBackend(name, { threads: 2 });
  if (getBackend() !== name) throw new Error(`the backend ${name} did not start`);
}

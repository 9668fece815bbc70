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

const initialSet = backends.includes('native') ? nativeAddon().forcedIsa() : undefined;

/** Makes `name` the current backend, or throws: a test must not run on another one in silence. */
export async function useTestBackend(name: string): Promise<void> {
  await useBackend(name, { threads: 2 });
  if (getBackend() !== name) throw new Error(`the backend ${name} did not start`);
}

/** A backend, and for ours the instruction set that its kernels are limited to. */
export interface BackendRun {
  readonly title: string;
  readonly backend: string;
  readonly isa: string | undefined;
}

/** Every backend of {@link backends}, ours once for each instruction set that this CPU has, best first. */
export const backendRuns: readonly BackendRun[] = backends.flatMap<BackendRun>((backend) =>
  backend === 'native'
    ? availableSets().map((isa) => ({ title: `native, ${isa}`, backend, isa }))
    : [{ title: backend, backend, isa: undefined }],
);

function availableSets(): string[] {
  const addon = nativeAddon();
  const kernels = addon.kernels().filter(({ available }) => available);
  return addon.instructionSets().filter((set) => kernels.some(({ isa }) => isa === set));
}

/** {@link useTestBackend}, limited to the instruction set. {@link releaseSets} lifts the limit. */
export async function useBackendRun({ backend, isa }: BackendRun): Promise<void> {
  await useTestBackend(backend);
  if (isa !== undefined && !nativeAddon().forceIsa(isa)) throw new Error(`the CPU does not run ${isa}`);
}

/** For afterAll: limits the native kernels to what they were limited to at the start. */
export function releaseSets(): void {
  if (initialSet !== undefined) nativeAddon().forceIsa(initialSet);
}

import type { NativeAddon } from '../../src/backends/native/addon.js';

/** One line of a profile: a kernel, or a kernel on one shape. */
export interface ProfileRow {
  readonly name: string;
  /** Calls, milliseconds and percent of a step's wall time. */
  readonly calls: number;
  readonly ms: number;
  readonly percent: number;
}

/** A step's time, by kernel and outside of every kernel: JavaScript, the engine of TensorFlow.js, garbage collection. */
export interface StepProfile {
  readonly stepMs: number;
  /** The most expensive first. */
  readonly kernels: readonly ProfileRow[];
  readonly engine: { readonly ms: number; readonly percent: number };
}

/** The profile of one step, when `steps` of them took `wallMs` together and the addon measured `times` in them. */
export function profileOf(
  times: ReturnType<NativeAddon['stopTiming']>,
  steps: number,
  wallMs: number,
): StepProfile {
  const percent = (ms: number): number => (100 * ms) / wallMs;
  const kernels = times
    .map(({ name, calls, ms }) => ({ name, calls: calls / steps, ms: ms / steps, percent: percent(ms) }))
    .sort((a, b) => b.ms - a.ms);
  const outside = wallMs - times.reduce((sum, { ms }) => sum + ms, 0);
  return { stepMs: wallMs / steps, kernels, engine: { ms: outside / steps, percent: percent(outside) } };
}

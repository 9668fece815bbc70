import type { Machine } from './machine.js';
import type { StepProfile } from './step-profile.js';

/** What bench/profile prints with --json. */
export interface ProfileFigures extends StepProfile {
  readonly machine: Machine;
  readonly net: string;
  readonly batch: number;
  readonly threads: number;
  readonly steps: number;
  readonly imagesPerSecond: number;
  /** Of a steady step. */
  readonly minorFaults: { readonly median: number; readonly most: number };
  readonly numTensors: { readonly before: number; readonly after: number };
  /** Bytes of the pool: taken after the last step, the most of the steady steps, taken from the operating system. */
  readonly poolBytes: { readonly used: number; readonly peak: number; readonly held: number };
  readonly scratchBytes: number;
  readonly peakRssMiB: number;
}

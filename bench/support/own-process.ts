import type { ResNetDepth } from '../../src/models/depths.js';
import { runProgram } from './child.js';

/** What one process of bench/own-step.ts measured. */
export interface OwnStepFigures {
  readonly net: string;
  readonly batch: number;
  readonly threads: number;
  /** The instruction sets of its kernels, joined by '+'. */
  readonly isa: string;
  /** Median and least time of a step after those that warm up. */
  readonly stepMs: number;
  readonly minStepMs: number;
  readonly imagesPerSecond: number;
  /** The most memory that the process held, and what it had held before the first step. */
  readonly peakRssMiB: number;
  readonly rssBeforeStepsMiB: number;
  /** The most that the pool's tensors took at once, and what the pool has from the operating system. */
  readonly poolPeakMiB: number;
  readonly poolHeldMiB: number;
}

/** A configuration of {@link runOwnStep}. */
export interface OwnStepOptions {
  /** A network of the benches, or with `depth` only a label. */
  readonly net: string;
  readonly depth?: ResNetDepth;
  readonly batch: number;
  readonly steps: number;
  readonly threads: number;
}

/**
 * Times training steps in a process of their own, whose memory nothing else has touched.
 *
 * @throws RunError when the process fails, with the last lines that it wrote
 */
export function runOwnStep(
  { net, depth, batch, steps, threads }: OwnStepOptions,
  env: NodeJS.ProcessEnv = process.env,
): OwnStepFigures {
  const lists = depth ? [depth.widths.join(','), depth.blocks.join(',')] : [];
  return runProgram('own-step', [net, String(batch), String(steps), String(threads), ...lists], env);
}

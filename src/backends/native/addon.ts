import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { RunError } from '../../errors.js';
import type { KernelFunctions } from './kernel-calls.js';

/** One implementation of one kernel family. */
export interface KernelInfo {
  readonly family: string;
  /** Of its function, as profiles show it. */
  readonly name: string;
  readonly isa: string;
  /** Whether this CPU can run it. */
  readonly available: boolean;
  /** Whether it is the one that runs now. */
  readonly active: boolean;
}

/** A field of a kernel's call, as the addon describes it. */
export interface FieldDescription {
  readonly name: string;
  readonly kind: 'size' | 'number' | 'flag' | 'choice' | 'nested' | 'floats' | 'words' | 'halves';
  /** The position of the nested object that has this field; −1: the call's own object. */
  readonly parent: number;
  /** Of a size: from 1, else from 0. */
  readonly positive: boolean;
  readonly choices: readonly string[];
  /** Of an array, as all that follows. */
  readonly access: 'input' | 'output' | 'updated';
  readonly nullable: boolean;
  /** The factors of its least length: a number, a field (`shape.h`), `a / b`, or ⌈a / b⌉. */
  readonly dims: readonly string[];
  /** The field below which its values are whole numbers; empty for any floats. */
  readonly below: string;
  /** The fields whose memory it may have. */
  readonly mayBe: readonly string[];
}

/** The fields of a kernel's call, a nested object before the fields that it has. */
export interface KernelDescription {
  readonly family: string;
  readonly fields: readonly FieldDescription[];
  /** Fields that are null together. */
  readonly together: readonly (readonly string[])[];
}

/** The native addon: one function a kernel, and the controls of threads, instruction set and memory. */
export interface NativeAddon extends KernelFunctions {
  allocate(bytes: number): ArrayBuffer;
  kernels(): KernelInfo[];
  cpuFeatures(): string[];
  instructionSets(): string[];
  /** Limits the kernels to an instruction set and those below it; '' lifts the limit. False when the CPU lacks it. */
  forceIsa(isa: string): boolean;
  forcedIsa(): string;
  setThreads(count: number): void;
  threads(): number;
  scratchBytes(): number;
  /** Measures every kernel from now on, by family or, with `shapes`, by family and shape. */
  startTiming(shapes: boolean): void;
  /** Ends it; milliseconds are those of a kernel itself, without the kernels that it runs. */
  stopTiming(): { name: string; calls: number; ms: number }[];
  /**
   * Multiply-adds of floats that one thread does with an instruction set while every thread does the same, in 10⁹ a
   * second. Throws when the CPU lacks the set.
   */
  measureFmaPeak(isa: string): number;
  /** 10⁹ bytes a second of reading `from` and of copying it to `to`, on all threads; a byte copied counts twice. */
  measureBandwidth(call: {
    readonly count: number;
    readonly from: Float32Array;
    readonly to: Float32Array;
  }): {
    read: number;
    copy: number;
  };
  /** What the kernels take; {@link KernelFunctions} is written from it. */
  kernelFields(): KernelDescription[];
}

// The same depth below the package's root in src/ and in dist/.
const builtAddon = fileURLToPath(new URL('../../../native/build/bnn_distill.node', import.meta.url));

let loaded: NativeAddon | undefined;

/** The native addon, or undefined where it was not built or cannot be loaded: for what has a version in JavaScript. */
export function optionalAddon(): NativeAddon | undefined {
  try {
    return nativeAddon();
  } catch (error) {
    if (error instanceof RunError) return undefined;
    throw error;
  }
}

/**
 * The native addon, loaded at the first call from native/build, or from the file that BNN_DISTILL_ADDON names.
 *
 * @throws RunError when it was not built or cannot be loaded, or when BNN_DISTILL_ISA names an instruction set that this
 *   CPU lacks.
 */
export function nativeAddon(): NativeAddon {
  if (loaded) return loaded;
  const path = process.env['BNN_DISTILL_ADDON'] ?? builtAddon;
  let addon: NativeAddon;
  try {
    addon = createRequire(import.meta.url)(path) as NativeAddon;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    throw new RunError(
      missing
        ? `the native addon was not built: ${path} does not exist.`
        : `the native addon ${path} cannot be loaded: ${(error as Error).message}.`,
      {
        fix: 'install a C++17 compiler and make, then run: npm run build:native (or train with `backend: cpu`, which is far slower)',
        cause: error,
      },
    );
  }
  const forced = addon.forcedIsa();
  if (forced !== '' && !addon.forceIsa(forced)) {
    throw new RunError(
      `BNN_DISTILL_ISA is '${forced}', which this CPU cannot run or is unknown; it knows ${addon.instructionSets().join(', ')} and has ${addon.cpuFeatures().join(', ') || 'none of their features'}.`,
      { fix: 'unset BNN_DISTILL_ISA, or set it to one that the CPU has' },
    );
  }
  loaded = addon;
  return addon;
}

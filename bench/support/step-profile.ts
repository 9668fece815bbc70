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

/** Adds up how often and how long each kernel ran. */
export class KernelTimes {
  readonly #totals = new Map<string, { calls: number; ms: number }>();

  add(name: string, ms: number): void {
    const total = this.#totals.get(name);
    if (total) {
      total.calls++;
      total.ms += ms;
    } else {
      this.#totals.set(name, { calls: 1, ms });
    }
  }

  reset(): void {
    this.#totals.clear();
  }

  /** The profile of one step, when `steps` of them took `wallMs` together. */
  profile(steps: number, wallMs: number): StepProfile {
    const percent = (ms: number): number => (100 * ms) / wallMs;
    const kernels = [...this.#totals]
      .map(([name, { calls, ms }]) => ({ name, calls: calls / steps, ms: ms / steps, percent: percent(ms) }))
      .sort((a, b) => b.ms - a.ms);
    const inside = [...this.#totals.values()].reduce((sum, { ms }) => sum + ms, 0);
    const outside = wallMs - inside;
    return { stepMs: wallMs / steps, kernels, engine: { ms: outside / steps, percent: percent(outside) } };
  }
}

/**
 * Times every call of every kernel of the addon from now on.
 *
 * @param nameOf the line of the profile to which a call with these arguments belongs
 * @returns puts the addon's own functions back
 */
export function timeKernels(
  addon: NativeAddon,
  times: KernelTimes,
  nameOf: (family: string, args: readonly unknown[]) => string,
): () => void {
  const functions = addon as unknown as Record<string, (...args: unknown[]) => void>;
  const own = new Map<string, (...args: unknown[]) => void>();
  for (const family of new Set(addon.kernels().map((kernel) => kernel.family))) {
    const kernel = functions[family];
    own.set(family, kernel);
    functions[family] = (...args) => {
      const began = performance.now();
      kernel(...args);
      times.add(nameOf(family, args), performance.now() - began);
    };
  }
  return () => {
    for (const [family, kernel] of own) functions[family] = kernel;
  };
}

/** Kernels whose settings follow their sizes as numbers: how many of the leading numbers are sizes. */
const sizeCounts: Readonly<Record<string, number>> = { adamStep: 1 };

/** The operations of `elementwise` by their numbers (native/kernels.h). */
const operations = ['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum'];

/**
 * The shape of a call: of a convolution or a pooling its geometry, of other kernels the numbers with which their
 * arguments begin (native/kernels.h), and of an operation on elements its name, their number and the period of the second
 * operand.
 */
export function shapeOf(family: string, args: readonly unknown[]): string {
  if (args[0] instanceof Int32Array) return geometry([...args[0]]);
  const end = args.findIndex((value) => typeof value !== 'number');
  const leading = end < 0 ? args : args.slice(0, end);
  if (family === 'elementwise') {
    const [operation, size, period] = leading as number[];
    return `${operations[operation]} ${size}${period === 0 ? '' : `, period ${period}`}`;
  }
  return leading.slice(0, sizeCounts[family]).join('×');
}

/** `32×32×128 16→16 3×3 /1`: height, width and images of the input, channels, window, stride. */
export function geometry(fields: readonly number[]): string {
  const [h, w, n, c, k, kernelH, kernelW, strideH] = fields;
  return `${h}×${w}×${n} ${c}→${k} ${kernelH}×${kernelW} /${strideH}`;
}

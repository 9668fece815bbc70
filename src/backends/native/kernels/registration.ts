import { getKernel, type NamedAttrMap, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { ConvGeometry } from '../../../ops/conv2d.js';
import type { NativeBackend } from '../native-backend.js';

/** What a kernel function gets: its inputs by name, its attributes and the backend. */
export interface KernelCall<Attributes> {
  readonly inputs: Record<string, TensorInfo>;
  readonly attributes: Attributes;
  readonly backend: NativeBackend;
}

/** Registers a kernel of the native backend. */
export function nativeKernel<Attributes = object>(
  name: string,
  kernel: (call: KernelCall<Attributes>) => TensorInfo | TensorInfo[],
): void {
  registerKernel({
    kernelName: name,
    backendName: 'native',
    kernelFunc: ({ inputs, attrs, backend }) =>
      kernel({
        inputs: inputs as unknown as Record<string, TensorInfo>,
        attributes: attrs as unknown as Attributes,
        backend: backend as NativeBackend,
      }),
  });
}

/** Runs the stock CPU kernel, for the cases that the native one leaves to it. */
export function stock(
  name: string,
  { inputs, attributes, backend }: KernelCall<object>,
): TensorInfo | TensorInfo[] {
  return getKernel(name, 'cpu').kernelFunc({ inputs, backend, attrs: attributes as NamedAttrMap });
}

export const allFloats = (inputs: Record<string, TensorInfo>): boolean =>
  Object.values(inputs).every((input) => input.dtype === 'float32');

/** The values of a tensor that may be missing. */
export const optionalFloats = (
  backend: NativeBackend,
  tensor: TensorInfo | undefined,
): Float32Array | null => (tensor ? backend.floats(tensor) : null);

/** Rows and channels of a tensor with channels last. */
export function rowsOf(x: TensorInfo): { rows: number; channels: number } {
  const channels = x.shape[x.shape.length - 1] ?? 1;
  return { rows: x.shape.slice(0, -1).reduce((product, size) => product * size, 1), channels };
}

/** The fourteen fields of the addon's ConvShape. */
export interface ConvFields {
  readonly h: number;
  readonly w: number;
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: readonly [top: number, left: number];
  readonly out: readonly [number, number];
  /** Parts of the channels that see each other; default 1. */
  readonly groups?: number;
}

export function convShape(f: ConvFields): Int32Array {
  const { groups = 1 } = f;
  return Int32Array.of(f.h, f.w, f.n, f.c, f.k, ...f.kernel, ...f.stride, ...f.pad, ...f.out, groups);
}

/** The shape of a square, symmetric window over position-major tensors. */
export function squareShape(
  input: readonly number[],
  k: number,
  window: readonly [number, number],
  { stride, pad, groups = 1 }: ConvGeometry,
): { fields: Int32Array; out: [number, number] } {
  const [h, w, n, c] = input as [number, number, number, number];
  const out: [number, number] = [
    Math.floor((h + 2 * pad - window[0]) / stride) + 1,
    Math.floor((w + 2 * pad - window[1]) / stride) + 1,
  ];
  const fields = convShape({
    ...{ h, w, n, c, k, kernel: window, out, groups },
    ...{ stride: [stride, stride], pad: [pad, pad] },
  });
  return { fields, out };
}

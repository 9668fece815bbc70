import { getKernel, type NamedAttrMap, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { ConvGeometry } from '../../kernel-contracts/convolution.js';
import type { ConvShape } from '../kernel-calls.js';
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

/** The shape of a square, symmetric window over position-major tensors. */
export function squareShape(
  input: readonly number[],
  k: number,
  [kernelH, kernelW]: readonly [number, number],
  { stride, pad, groups = 1 }: ConvGeometry,
): ConvShape {
  const [h, w, n, c] = input as [number, number, number, number];
  const along = (length: number, kernel: number): number =>
    Math.floor((length + 2 * pad - kernel) / stride) + 1;
  return {
    h,
    w,
    n,
    c,
    k,
    kernelH,
    kernelW,
    strideH: stride,
    strideW: stride,
    padTop: pad,
    padBottom: pad,
    padLeft: pad,
    padRight: pad,
    outH: along(h, kernelH),
    outW: along(w, kernelW),
    groups,
  };
}

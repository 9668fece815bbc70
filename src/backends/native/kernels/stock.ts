import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { ConvShape } from '../kernel-calls.js';
import type { NativeBackend } from '../native-backend.js';
import { registerElementwiseKernels } from './elementwise.js';
import { allFloats, nativeKernel, rowsOf, stock } from './registration.js';

interface ConvAttributes {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dilations?: [number, number] | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape?: [number, number, number, number];
  readonly inputShape?: [number, number, number, number];
}

function convInfo(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, dilations, pad, dimRoundingMode }: ConvAttributes,
): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
  );
}

// Dilated convolutions, grouped ones, other layouts and empty tensors stay with the stock kernels.
function nativelyPossible(
  info: backend_util.Conv2DInfo,
  inputs: Record<string, TensorInfo>,
  format: string,
): boolean {
  return (
    format === 'NHWC' &&
    info.dilationHeight === 1 &&
    info.dilationWidth === 1 &&
    allFloats(inputs) &&
    Math.min(...info.inShape, ...info.outShape, ...info.filterShape) > 0 &&
    info.inChannels === info.filterShape[2]
  );
}

function shapeOf(info: backend_util.Conv2DInfo): ConvShape {
  const { inHeight: h, inWidth: w, outHeight: outH, outWidth: outW } = info;
  const { filterHeight: kernelH, filterWidth: kernelW, strideHeight: strideH, strideWidth: strideW } = info;
  const { top: padTop, left: padLeft } = info.padInfo;
  return {
    h,
    w,
    n: info.batchSize,
    c: info.inChannels,
    k: info.outChannels,
    kernelH,
    kernelW,
    strideH,
    strideW,
    padTop,
    // As far as the last window reaches: a rounding mode may give one more or one less than the padding would.
    padBottom: Math.max(0, (outH - 1) * strideH + kernelH - padTop - h),
    padLeft,
    padRight: Math.max(0, (outW - 1) * strideW + kernelW - padLeft - w),
    outH,
    outW,
    groups: 1,
  };
}

/** Calls `use` with the position-major copy of an NHWC tensor. */
function withPositionMajor(backend: NativeBackend, x: TensorInfo, use: (values: Float32Array) => void): void {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const copy = backend.output([h, w, n, c]);
  backend.addon.swapOuter({ outer: n, middle: h * w, inner: c, x: backend.floats(x), y: copy.values });
  try {
    use(copy.values);
  } finally {
    backend.disposeData(copy.info.dataId);
  }
}

/** Fills a new NHWC tensor from the position-major values that `fill` makes. */
function fromPositionMajor(
  backend: NativeBackend,
  [n, h, w, c]: readonly [number, number, number, number],
  fill: (values: Float32Array) => void,
): TensorInfo {
  const made = backend.output([h, w, n, c]);
  fill(made.values);
  const y = backend.output([n, h, w, c]);
  backend.addon.swapOuter({ outer: h * w, middle: n, inner: c, x: made.values, y: y.values });
  backend.disposeData(made.info.dataId);
  return y.info;
}

function registerStockConvolutions(): void {
  nativeKernel<ConvAttributes>('Conv2D', (call) => {
    const { inputs, attributes, backend } = call;
    const info = convInfo(inputs['x'].shape, inputs['filter'].shape, attributes);
    if (!nativelyPossible(info, inputs, attributes.dataFormat)) return stock('Conv2D', call);
    return fromPositionMajor(backend, info.outShape, (y) =>
      withPositionMajor(backend, inputs['x'], (x) =>
        backend.addon.floatConvForward({ shape: shapeOf(info), x, w: backend.floats(inputs['filter']), y }),
      ),
    );
  });

  nativeKernel<ConvAttributes>('Conv2DBackpropInput', (call) => {
    const { inputs, attributes, backend } = call;
    const info = convInfo(attributes.inputShape!, inputs['filter'].shape, attributes);
    if (!nativelyPossible(info, inputs, attributes.dataFormat)) return stock('Conv2DBackpropInput', call);
    return fromPositionMajor(backend, info.inShape, (dx) =>
      withPositionMajor(backend, inputs['dy'], (dy) =>
        backend.addon.floatConvBackwardInput({
          shape: shapeOf(info),
          dy,
          w: backend.floats(inputs['filter']),
          dx,
        }),
      ),
    );
  });

  nativeKernel<ConvAttributes>('Conv2DBackpropFilter', (call) => {
    const { inputs, attributes, backend } = call;
    const info = convInfo(inputs['x'].shape, attributes.filterShape!, attributes);
    if (!nativelyPossible(info, inputs, attributes.dataFormat)) return stock('Conv2DBackpropFilter', call);
    const dw = backend.output(info.filterShape);
    withPositionMajor(backend, inputs['x'], (x) =>
      withPositionMajor(backend, inputs['dy'], (dy) =>
        backend.addon.floatConvBackwardFilter({ shape: shapeOf(info), x, dy, dw: dw.values }),
      ),
    );
    return dw.info;
  });
}

/** Registers native versions of stock kernels: element-wise operations, softmax, matrix product and convolutions. */
export function registerStockKernels(): void {
  registerElementwiseKernels();

  nativeKernel<{ dim: number }>('Softmax', (call) => {
    const { logits } = call.inputs as { logits: TensorInfo };
    if (!allFloats(call.inputs) || call.attributes.dim !== logits.shape.length - 1)
      return stock('Softmax', call);
    return softmax(call.backend, logits, false);
  });

  nativeKernel<{ axis: number }>('LogSoftmax', (call) => {
    const { logits } = call.inputs as { logits: TensorInfo };
    return softmax(call.backend, logits, true);
  });

  nativeKernel<{ transposeA: boolean; transposeB: boolean }>('BatchMatMul', (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = call.attributes;
    const [batchA, batchB] = [a, b].map(({ shape }) =>
      shape.slice(0, -2).reduce((all, size) => all * size, 1),
    );
    const sizes = (t: TensorInfo): [number, number] => [
      t.shape[t.shape.length - 2],
      t.shape[t.shape.length - 1],
    ];
    const [rowsA, columnsA] = sizes(a);
    const [rowsB, columnsB] = sizes(b);
    const batch = Math.max(batchA, batchB);
    const sameBatches = util.arraysEqual(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const broadcastable = (sameBatches || batchA === 1 || batchB === 1) && batch > 0;
    const leading = batchA >= batchB ? a.shape : b.shape;
    if (!allFloats(call.inputs) || !broadcastable || a.shape.length !== b.shape.length)
      return stock('BatchMatMul', call);
    const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
    const n = transposeB ? rowsB : columnsB;
    const out = call.backend.output([...leading.slice(0, -2), m, n]);
    const { backend } = call;
    backend.addon.matMul({
      batch,
      m,
      n,
      k,
      transposeA,
      transposeB,
      sharedA: batchA === 1,
      sharedB: batchB === 1,
      a: backend.floats(a),
      b: backend.floats(b),
      c: out.values,
    });
    return out.info;
  });

  registerStockConvolutions();
}

function softmax(backend: NativeBackend, logits: TensorInfo, logarithm: boolean): TensorInfo {
  const { rows, channels } = rowsOf(logits);
  const y = backend.output(logits.shape);
  backend.addon.softmax({ rows, classes: channels, logarithm, x: backend.floats(logits), y: y.values });
  return y.info;
}

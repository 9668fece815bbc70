import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Elementwise } from '../kernel-calls.js';
import type { NativeBackend } from '../native-backend.js';
import { allFloats, nativeKernel, rowsOf, stock } from './registration.js';

const operations: readonly [name: string, operation: Elementwise['operation'], commutes: boolean][] = [
  ['Add', 'add', true],
  ['Sub', 'subtract', false],
  ['Multiply', 'multiply', true],
  ['RealDiv', 'divide', false],
  ['Maximum', 'maximum', true],
  ['Minimum', 'minimum', true],
];

/** Calls `use` with the values of y and the period with which they repeat over those of x; 0 for one each. */
type Broadcast = (use: (values: Float32Array, period: number) => void) => void;

/** How y goes with an x of larger or equal shape; undefined where that is left to the stock kernel. */
function broadcast(backend: NativeBackend, x: TensorInfo, y: TensorInfo): Broadcast | undefined {
  const values = (): Float32Array => backend.floats(y);
  if (util.arraysEqual(x.shape, y.shape)) return (use) => use(values(), 0);
  if (y.shape.length > x.shape.length) return undefined;
  const size = util.sizeFromShape(y.shape);
  if (size === 1) return (use) => use(values(), 1);
  const { rows, channels } = rowsOf(x);
  const last = y.shape[y.shape.length - 1];
  if (size === channels && last === channels) return (use) => use(values(), channels);
  const oneEachRow =
    last === 1 && size === rows && util.arraysEqual(x.shape.slice(0, -1), y.shape.slice(0, -1));
  return oneEachRow ? (use) => withRowsFilled(backend, x.shape, values(), use) : undefined;
}

/** Makes rows of equal values, one value a row, for as long as `use` runs. */
function withRowsFilled(
  backend: NativeBackend,
  shape: readonly number[],
  values: Float32Array,
  use: (filled: Float32Array, period: number) => void,
): void {
  const filled = backend.output(shape);
  const channels = shape[shape.length - 1];
  values.forEach((value, row) => filled.values.fill(value, row * channels, (row + 1) * channels));
  use(filled.values, 0);
  backend.disposeData(filled.info.dataId);
}

/** Registers the native versions of stock element-wise operations, the sum in place, the sigmoid and the slopes of signs. */
export function registerElementwiseKernels(): void {
  for (const [name, operation, commutes] of operations) {
    nativeKernel(name, (call) => {
      const { inputs, backend } = call;
      const { a, b } = inputs;
      if (!allFloats(inputs)) return stock(name, call);
      const direct = broadcast(backend, a, b);
      const swapped = direct === undefined && commutes ? broadcast(backend, b, a) : undefined;
      const repeated = direct ?? swapped;
      if (repeated === undefined) return stock(name, call);
      const x = direct ? a : b;
      const out = backend.output(x.shape);
      repeated((y, period) => {
        backend.addon.elementwise({
          operation,
          size: out.values.length,
          yPeriod: period,
          x: backend.floats(x),
          y,
          out: out.values,
        });
      });
      return out.info;
    });
  }

  nativeKernel('AddTo', ({ inputs: { a, b }, backend }) => {
    const sum = backend.outputInPlaceOf(a);
    backend.addon.elementwise({
      operation: 'add',
      size: sum.values.length,
      yPeriod: 0,
      x: backend.floats(a),
      y: backend.floats(b),
      out: sum.values,
    });
    return sum.info;
  });

  nativeKernel('Sigmoid', (call) => {
    const { inputs, backend } = call;
    if (!allFloats(inputs)) return stock('Sigmoid', call);
    const y = backend.output(inputs['x'].shape);
    backend.addon.sigmoid({ size: y.values.length, x: backend.floats(inputs['x']), y: y.values });
    return y.info;
  });

  nativeKernel<{ inPlace: boolean }>(
    'SigmoidGrad',
    ({ inputs: { dy, y }, attributes: { inPlace }, backend }) => {
      const dx = inPlace ? backend.outputInPlaceOf(dy) : backend.output(y.shape);
      backend.addon.sigmoidBackward({
        size: dx.values.length,
        dy: backend.floats(dy),
        y: backend.floats(y),
        dx: dx.values,
      });
      return dx.info;
    },
  );

  nativeKernel<{ t: number; inPlace: boolean }>('SignSlope', ({ inputs: { dy, v }, attributes, backend }) => {
    const { t, inPlace } = attributes;
    const out = inPlace ? backend.outputInPlaceOf(dy) : backend.output(dy.shape);
    backend.addon.signSlope({
      size: out.values.length,
      t,
      dy: backend.floats(dy),
      v: backend.floats(v),
      out: out.values,
    });
    return out.info;
  });
}

import type { BackwardAttributes, ConvGeometry } from '../../../ops/conv2d.js';
import type { FloatOutput } from '../native-backend.js';
import { type KernelCall, nativeKernel, rowsOf, squareShape } from './registration.js';

/** [kh, kw] of a filter. */
export const filterWindow = (shape: readonly number[]): [number, number] => [shape[0], shape[1]];

/** The shape of a gradient to the filter, from x and dy, and the memory for it. */
export function filterGradient({
  inputs: { x, dy },
  attributes: { size, ...geometry },
  backend,
}: KernelCall<BackwardAttributes>): { fields: Int32Array; dw: FloatOutput } {
  const { groups = 1 } = geometry;
  const { fields } = squareShape(x.shape, dy.shape[3], [size[0], size[1]], geometry);
  return { fields, dw: backend.output([...size, x.shape[3] / groups, dy.shape[3]]) };
}

/** Registers the position-major convolutions, in floats and in bits. */
export function registerConvolutionKernels(): void {
  nativeKernel<ConvGeometry>('PositionMajorConv2D', ({ inputs: { x, w }, attributes: geometry, backend }) => {
    const { fields, out } = squareShape(x.shape, w.shape[3], filterWindow(w.shape), geometry);
    const y = backend.output([...out, x.shape[2], w.shape[3]]);
    backend.addon.floatConvForward(fields, backend.floats(x), backend.floats(w), y.values);
    return y.info;
  });

  nativeKernel<BackwardAttributes>(
    'PositionMajorConv2DBackpropInput',
    ({ inputs: { dy, w }, attributes: { size, ...geometry }, backend }) => {
      const shape = [...size, dy.shape[2], w.shape[2] * (geometry.groups ?? 1)];
      const { fields } = squareShape(shape, w.shape[3], filterWindow(w.shape), geometry);
      const dx = backend.output(shape);
      backend.addon.floatConvBackwardInput(fields, backend.floats(dy), backend.floats(w), dx.values);
      return dx.info;
    },
  );

  nativeKernel<BackwardAttributes>('PositionMajorConv2DBackpropFilter', (call) => {
    const {
      inputs: { x, dy },
      backend,
    } = call;
    const { fields, dw } = filterGradient(call);
    backend.addon.floatConvBackwardFilter(fields, backend.floats(x), backend.floats(dy), dw.values);
    return dw.info;
  });

  nativeKernel('BinariseFilter', ({ inputs: { w }, backend }) => {
    const { rows, channels } = rowsOf(w);
    const { info, packed } = backend.packedOutput(w.shape);
    const scale = backend.output([channels]);
    backend.addon.packSigns(rows, channels, backend.floats(w), packed.words, null);
    backend.addon.meanMagnitude(rows, channels, backend.floats(w), scale.values);
    return [info, scale.info];
  });

  nativeKernel<ConvGeometry>('BinaryConv2D', ({ inputs, attributes: geometry, backend }) => {
    const { x, sign, scale, residual, slope } = inputs;
    const { fields, out } = squareShape(x.shape, sign.shape[3], filterWindow(sign.shape), geometry);
    const y = backend.output([...out, x.shape[2], sign.shape[3]]);
    backend.withPackedSigns(x, (input) =>
      backend.withPackedSigns(sign, (filter) =>
        backend.addon.binaryConvForward(
          fields,
          input.words,
          filter.words,
          backend.floats(scale),
          residual ? backend.floats(residual) : null,
          slope ? backend.floats(slope) : null,
          y.values,
        ),
      ),
    );
    return y.info;
  });

  nativeKernel<BackwardAttributes>(
    'BinaryConv2DBackpropInput',
    ({ inputs: { dy, sign, scale }, attributes: { size, ...geometry }, backend }) => {
      const shape = [...size, dy.shape[2], sign.shape[2] * (geometry.groups ?? 1)];
      const { fields } = squareShape(shape, sign.shape[3], filterWindow(sign.shape), geometry);
      const dx = backend.output(shape);
      backend.withPackedSigns(sign, (filter) =>
        backend.addon.binaryConvBackwardInput(
          fields,
          backend.floats(dy),
          filter.words,
          backend.floats(scale),
          dx.values,
        ),
      );
      return dx.info;
    },
  );

  nativeKernel<BackwardAttributes>('BinaryConv2DBackpropFilter', (call) => {
    const {
      inputs: { x, dy, scale, w },
      backend,
    } = call;
    const { fields, dw } = filterGradient(call);
    backend.withPackedSigns(x, (input) =>
      backend.addon.binaryConvBackwardFilter(
        fields,
        input.words,
        backend.floats(dy),
        backend.floats(scale),
        backend.floats(w),
        dw.values,
      ),
    );
    return dw.info;
  });
}

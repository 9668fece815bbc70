import type { BackwardAttributes, ConvGeometry } from '../../kernel-contracts/convolution.js';
import type { ConvShape } from '../kernel-calls.js';
import type { FloatOutput } from '../native-backend.js';
import { type KernelCall, nativeKernel, optionalFloats, rowsOf, squareShape } from './registration.js';

/** [kh, kw] of a filter. */
export const filterWindow = (shape: readonly number[]): [number, number] => [shape[0], shape[1]];

/** The shape of what a convolution gives, [H', W', N, K]. */
export const outputShape = ({ outH, outW, n, k }: ConvShape): number[] => [outH, outW, n, k];

/** The shape of a gradient to the filter, from x and dy, and the memory for it. */
export function filterGradient({
  inputs: { x, dy },
  attributes: { size, ...geometry },
  backend,
}: KernelCall<BackwardAttributes>): { shape: ConvShape; dw: FloatOutput } {
  const { groups = 1 } = geometry;
  const shape = squareShape(x.shape, dy.shape[3], [size[0], size[1]], geometry);
  return { shape, dw: backend.output([...size, x.shape[3] / groups, dy.shape[3]]) };
}

/** Registers the position-major convolutions, in floats and in bits. */
export function registerConvolutionKernels(): void {
  nativeKernel<ConvGeometry>('PositionMajorConv2D', ({ inputs: { x, w }, attributes: geometry, backend }) => {
    const shape = squareShape(x.shape, w.shape[3], filterWindow(w.shape), geometry);
    const y = backend.output(outputShape(shape));
    backend.addon.floatConvForward({ shape, x: backend.floats(x), w: backend.floats(w), y: y.values });
    return y.info;
  });

  nativeKernel<BackwardAttributes>(
    'PositionMajorConv2DBackpropInput',
    ({ inputs: { dy, w }, attributes: { size, ...geometry }, backend }) => {
      const input = [...size, dy.shape[2], w.shape[2] * (geometry.groups ?? 1)];
      const shape = squareShape(input, w.shape[3], filterWindow(w.shape), geometry);
      const dx = backend.output(input);
      backend.addon.floatConvBackwardInput({
        shape,
        dy: backend.floats(dy),
        w: backend.floats(w),
        dx: dx.values,
      });
      return dx.info;
    },
  );

  nativeKernel<BackwardAttributes>('PositionMajorConv2DBackpropFilter', (call) => {
    const {
      inputs: { x, dy },
      backend,
    } = call;
    const { shape, dw } = filterGradient(call);
    backend.addon.floatConvBackwardFilter({
      shape,
      x: backend.floats(x),
      dy: backend.floats(dy),
      dw: dw.values,
    });
    return dw.info;
  });

  nativeKernel('BinariseFilter', ({ inputs: { w }, backend }) => {
    const { rows, channels } = rowsOf(w);
    const { info, packed } = backend.packedOutput(w.shape);
    const scale = backend.output([channels]);
    const values = backend.floats(w);
    backend.addon.packSigns({ rows, channels, x: values, sign: packed.words, mask: null });
    backend.addon.meanMagnitude({ rows, channels, w: values, scale: scale.values });
    return [info, scale.info];
  });

  nativeKernel<ConvGeometry>('BinaryConv2D', ({ inputs, attributes: geometry, backend }) => {
    const { x, sign, scale, residual, slope } = inputs;
    const shape = squareShape(x.shape, sign.shape[3], filterWindow(sign.shape), geometry);
    const y = backend.output(outputShape(shape));
    backend.withPackedSigns(x, (input) =>
      backend.withPackedSigns(sign, (filter) =>
        backend.addon.binaryConvForward({
          shape,
          x: input.words,
          w: filter.words,
          scale: backend.floats(scale),
          residual: optionalFloats(backend, residual),
          residualSlope: optionalFloats(backend, slope),
          y: y.values,
          gate: null,
          sumSlope: null,
        }),
      ),
    );
    return y.info;
  });

  nativeKernel<BackwardAttributes>(
    'BinaryConv2DBackpropInput',
    ({ inputs: { dy, sign, scale }, attributes: { size, ...geometry }, backend }) => {
      const input = [...size, dy.shape[2], sign.shape[2] * (geometry.groups ?? 1)];
      const shape = squareShape(input, sign.shape[3], filterWindow(sign.shape), geometry);
      const dx = backend.output(input);
      backend.withPackedSigns(sign, (filter) =>
        backend.addon.binaryConvBackwardInput({
          shape,
          dy: backend.floats(dy),
          w: filter.words,
          scale: backend.floats(scale),
          dx: dx.values,
          gate: null,
        }),
      );
      return dx.info;
    },
  );

  nativeKernel<BackwardAttributes>('BinaryConv2DBackpropFilter', (call) => {
    const {
      inputs: { x, dy, scale, w },
      backend,
    } = call;
    const { shape, dw } = filterGradient(call);
    backend.withPackedSigns(x, (input) =>
      backend.addon.binaryConvBackwardFilter({
        shape,
        x: input.words,
        dy: backend.floats(dy),
        scale: backend.floats(scale),
        latent: backend.floats(w),
        dw: dw.values,
        gate: null,
      }),
    );
    return dw.info;
  });
}

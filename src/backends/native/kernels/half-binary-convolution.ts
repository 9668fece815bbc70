import type { BackwardAttributes, ConvGeometry } from '../../kernel-contracts/convolution.js';
import { filterGradient, filterWindow, outputShape } from './convolution.js';
import { nativeKernel, rowsOf, squareShape } from './registration.js';

/** Registers the position-major convolutions with one operand in bits and the other in floats. */
export function registerHalfBinaryConvolutionKernels(): void {
  nativeKernel<ConvGeometry>('BinaryInputConv2D', ({ inputs: { x, w }, attributes: geometry, backend }) => {
    const shape = squareShape(x.shape, w.shape[3], filterWindow(w.shape), geometry);
    const y = backend.output(outputShape(shape));
    backend.withPackedSigns(x, ({ words }) =>
      backend.addon.binaryInputConvForward({ shape, x: words, w: backend.floats(w), y: y.values }),
    );
    return y.info;
  });

  nativeKernel<BackwardAttributes>('BinaryInputConv2DBackpropFilter', (call) => {
    const {
      inputs: { x, dy },
      backend,
    } = call;
    const { shape, dw } = filterGradient(call);
    backend.withPackedSigns(x, ({ words }) =>
      backend.addon.binaryConvBackwardFilter({
        shape,
        x: words,
        dy: backend.floats(dy),
        scale: null,
        latent: null,
        dw: dw.values,
        gate: null,
      }),
    );
    return dw.info;
  });

  nativeKernel<ConvGeometry>(
    'BinaryFilterConv2D',
    ({ inputs: { x, sign, scale }, attributes: geometry, backend }) => {
      const shape = squareShape(x.shape, sign.shape[3], filterWindow(sign.shape), geometry);
      const y = backend.output(outputShape(shape));
      backend.withPackedSigns(sign, ({ words }) =>
        backend.addon.binaryFilterConvForward({
          shape,
          x: backend.floats(x),
          w: words,
          scale: backend.floats(scale),
          y: y.values,
        }),
      );
      return y.info;
    },
  );

  nativeKernel<BackwardAttributes>('BinaryFilterConv2DBackpropFilter', (call) => {
    const {
      inputs: { x, dy, scale, w },
      backend,
    } = call;
    const { shape, dw } = filterGradient(call);
    const { rows, channels } = rowsOf(dw.info);
    backend.addon.floatConvBackwardFilter({
      shape,
      x: backend.floats(x),
      dy: backend.floats(dy),
      dw: dw.values,
    });
    backend.addon.straightThroughFilter({
      rows,
      channels,
      scale: backend.floats(scale),
      latent: backend.floats(w),
      dw: dw.values,
    });
    return dw.info;
  });
}

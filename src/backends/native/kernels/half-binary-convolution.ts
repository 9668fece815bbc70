import type { BackwardAttributes, ConvGeometry } from '../../../ops/conv2d.js';
import { filterGradient, filterWindow } from './convolution.js';
import { nativeKernel, rowsOf, squareShape } from './registration.js';

/** Registers the position-major convolutions with one operand in bits and the other in floats. */
export function registerHalfBinaryConvolutionKernels(): void {
  nativeKernel<ConvGeometry>('BinaryInputConv2D', ({ inputs: { x, w }, attributes: geometry, backend }) => {
    const { fields, out } = squareShape(x.shape, w.shape[3], filterWindow(w.shape), geometry);
    const y = backend.output([...out, x.shape[2], w.shape[3]]);
    backend.withPackedSigns(x, (input) =>
      backend.addon.binaryInputConvForward(fields, input.words, backend.floats(w), y.values),
    );
    return y.info;
  });

  nativeKernel<BackwardAttributes>('BinaryInputConv2DBackpropFilter', (call) => {
    const {
      inputs: { x, dy },
      backend,
    } = call;
    const { fields, dw } = filterGradient(call);
    backend.withPackedSigns(x, (input) =>
      backend.addon.binaryConvBackwardFilter(fields, input.words, backend.floats(dy), null, null, dw.values),
    );
    return dw.info;
  });

  nativeKernel<ConvGeometry>(
    'BinaryFilterConv2D',
    ({ inputs: { x, sign, scale }, attributes: geometry, backend }) => {
      const { fields, out } = squareShape(x.shape, sign.shape[3], filterWindow(sign.shape), geometry);
      const y = backend.output([...out, x.shape[2], sign.shape[3]]);
      backend.withPackedSigns(sign, (filter) =>
        backend.addon.binaryFilterConvForward(
          fields,
          backend.floats(x),
          filter.words,
          backend.floats(scale),
          y.values,
        ),
      );
      return y.info;
    },
  );

  nativeKernel<BackwardAttributes>('BinaryFilterConv2DBackpropFilter', (call) => {
    const {
      inputs: { x, dy, scale, w },
      backend,
    } = call;
    const { fields, dw } = filterGradient(call);
    const { rows, channels } = rowsOf(dw.info);
    backend.addon.floatConvBackwardFilter(fields, backend.floats(x), backend.floats(dy), dw.values);
    backend.addon.straightThroughFilter(rows, channels, backend.floats(scale), backend.floats(w), dw.values);
    return dw.info;
  });
}

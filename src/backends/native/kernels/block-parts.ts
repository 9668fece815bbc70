import type { FloatOutput } from '../native-backend.js';
import { nativeKernel, optionalFloats, rowsOf } from './registration.js';

/** Registers what blocks of other orders, and their attention, are made of. */
export function registerBlockPartKernels(): void {
  nativeKernel<{ withMask: boolean }>('ShiftedSign', ({ inputs: { x, shift }, attributes, backend }) => {
    const { rows, channels } = rowsOf(x);
    const sign = backend.packedOutput(x.shape);
    const mask = attributes.withMask ? backend.packedOutput(x.shape) : null;
    backend.addon.channelAffineSign({
      rows,
      channels,
      x: backend.floats(x),
      slope: null,
      scale: new Float32Array(channels).fill(1),
      shift: backend.floats(shift),
      sign: sign.packed.words,
      mask: mask?.packed.words ?? null,
    });
    return mask ? [sign.info, mask.info] : [sign.info];
  });

  nativeKernel<{ inPlace: boolean }>(
    'MaskedGradient',
    ({ inputs: { dy, mask, addend }, attributes, backend }) => {
      const { rows, channels } = rowsOf(dy);
      const dx = attributes.inPlace ? backend.outputInPlaceOf(dy) : backend.output(dy.shape);
      const sum = backend.output([channels]);
      backend.withPackedSigns(mask, ({ words }) => {
        backend.addon.maskedGradient({
          rows,
          channels,
          dy: backend.floats(dy),
          mask: words,
          addend: optionalFloats(backend, addend),
          dx: dx.values,
          sum: sum.values,
        });
      });
      return [dx.info, sum.info];
    },
  );

  nativeKernel('ShiftedPrelu', ({ inputs: { x, before, slope, after }, backend }) => {
    const { rows, channels } = rowsOf(x);
    const y = backend.output(x.shape);
    backend.addon.channelAffineResidual({
      rows,
      channels,
      x: backend.floats(x),
      scale: new Float32Array(channels).fill(1),
      shift: new Float32Array(channels),
      residual: null,
      before: backend.floats(before),
      slope: backend.floats(slope),
      after: backend.floats(after),
      y: y.values,
    });
    return y.info;
  });

  nativeKernel<{ inPlace: boolean }>(
    'ShiftedPreluGrad',
    ({ inputs: { dy, x, before, slope }, attributes, backend }) => {
      const { rows, channels } = rowsOf(x);
      const dx = attributes.inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const sum = (): FloatOutput => backend.output([channels]);
      const [dbefore, dslope, dafter] = [sum(), sum(), sum()];
      backend.addon.shiftedPreluBackward({
        rows,
        channels,
        dy: backend.floats(dy),
        x: backend.floats(x),
        before: backend.floats(before),
        slope: backend.floats(slope),
        dx: dx.values,
        dbefore: dbefore.values,
        dslope: dslope.values,
        dafter: dafter.values,
      });
      return [dx, dbefore, dslope, dafter].map(({ info }) => info);
    },
  );

  // A factor for each image and channel: positions are the rows, images and channels together the channels.
  nativeKernel('ChannelGate', ({ inputs: { x, gate }, backend }) => {
    const [h, w, n, c] = x.shape as [number, number, number, number];
    const y = backend.output(x.shape);
    backend.addon.channelAffine({
      rows: h * w,
      channels: n * c,
      x: backend.floats(x),
      scale: backend.floats(gate),
      shift: new Float32Array(n * c),
      y: y.values,
    });
    return y.info;
  });

  nativeKernel<{ inPlace: boolean }>(
    'ChannelGateGrad',
    ({ inputs: { dy, x, gate }, attributes, backend }) => {
      const [h, w, n, c] = x.shape as [number, number, number, number];
      const dx = attributes.inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const dgate = backend.output([n, c]);
      backend.addon.channelScaleBackward({
        rows: h * w,
        channels: n * c,
        dy: backend.floats(dy),
        x: backend.floats(x),
        scale: backend.floats(gate),
        dx: dx.values,
        dscale: dgate.values,
      });
      return [dx.info, dgate.info];
    },
  );

  nativeKernel('ChannelGateAffine', ({ inputs: { x, scale, shift }, backend }) => {
    const [h, w, n, c] = x.shape as [number, number, number, number];
    const y = backend.output(x.shape);
    backend.addon.channelAffine({
      rows: h * w,
      channels: n * c,
      x: backend.floats(x),
      scale: backend.floats(scale),
      shift: backend.floats(shift),
      y: y.values,
    });
    return y.info;
  });
}

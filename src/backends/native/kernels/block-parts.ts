import { nativeKernel, optionalFloats, rowsOf } from './registration.js';

/** Registers what blocks of other orders, and their attention, are made of. */
export function registerBlockPartKernels(): void {
  nativeKernel<{ withMask: boolean }>('ShiftedSign', ({ inputs: { x, shift }, attributes, backend }) => {
    const { rows, channels } = rowsOf(x);
    const sign = backend.packedOutput(x.shape);
    const mask = attributes.withMask ? backend.packedOutput(x.shape) : null;
    backend.addon.channelAffineSign(
      rows,
      channels,
      backend.floats(x),
      null,
      new Float32Array(channels).fill(1),
      backend.floats(shift),
      sign.packed.words,
      mask ? mask.packed.words : null,
    );
    return mask ? [sign.info, mask.info] : [sign.info];
  });

  nativeKernel<{ inPlace: boolean }>(
    'MaskedGradient',
    ({ inputs: { dy, mask, addend }, attributes, backend }) => {
      const { rows, channels } = rowsOf(dy);
      const dx = attributes.inPlace ? backend.outputInPlaceOf(dy) : backend.output(dy.shape);
      const sum = backend.output([channels]);
      const added = optionalFloats(backend, addend);
      backend.withPackedSigns(mask, ({ words }) => {
        backend.addon.maskedGradient(
          ...[rows, channels, backend.floats(dy), words, added, dx.values, sum.values],
        );
      });
      return [dx.info, sum.info];
    },
  );

  nativeKernel('ShiftedPrelu', ({ inputs: { x, before, slope, after }, backend }) => {
    const { rows, channels } = rowsOf(x);
    const y = backend.output(x.shape);
    const identity = [new Float32Array(channels).fill(1), new Float32Array(channels)];
    const parameters = [before, slope, after].map((tensor) => backend.floats(tensor));
    backend.addon.channelAffineResidual(
      ...[rows, channels, backend.floats(x), ...identity, null, ...parameters, y.values],
    );
    return y.info;
  });

  nativeKernel<{ inPlace: boolean }>(
    'ShiftedPreluGrad',
    ({ inputs: { dy, x, before, slope }, attributes, backend }) => {
      const { rows, channels } = rowsOf(x);
      const dx = attributes.inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const sums = [0, 1, 2].map(() => backend.output([channels]));
      const inputs = [dy, x, before, slope].map((tensor) => backend.floats(tensor));
      backend.addon.shiftedPreluBackward(
        ...[rows, channels, ...inputs, dx.values, ...sums.map(({ values }) => values)],
      );
      return [dx, ...sums].map(({ info }) => info);
    },
  );

  // A factor for each picture and channel: positions are the rows, pictures and channels together the channels.
  nativeKernel('ChannelGate', ({ inputs: { x, gate }, backend }) => {
    const [h, w, n, c] = x.shape as [number, number, number, number];
    const y = backend.output(x.shape);
    const none = new Float32Array(n * c);
    backend.addon.channelAffine(h * w, n * c, backend.floats(x), backend.floats(gate), none, y.values);
    return y.info;
  });

  nativeKernel<{ inPlace: boolean }>(
    'ChannelGateGrad',
    ({ inputs: { dy, x, gate }, attributes, backend }) => {
      const [h, w, n, c] = x.shape as [number, number, number, number];
      const dx = attributes.inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const dgate = backend.output([n, c]);
      const inputs = [dy, x, gate].map((tensor) => backend.floats(tensor));
      backend.addon.channelScaleBackward(h * w, n * c, ...inputs, dx.values, dgate.values);
      return [dx.info, dgate.info];
    },
  );

  nativeKernel('ChannelGateAffine', ({ inputs: { x, scale, shift }, backend }) => {
    const [h, w, n, c] = x.shape as [number, number, number, number];
    const y = backend.output(x.shape);
    const inputs = [x, scale, shift].map((tensor) => backend.floats(tensor));
    backend.addon.channelAffine(h * w, n * c, ...inputs, y.values);
    return y.info;
  });
}

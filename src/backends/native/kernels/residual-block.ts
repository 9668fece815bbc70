import type { ResidualAttributes, ResidualGradAttributes } from '../../kernel-contracts/convolution.js';
import { filterWindow, outputShape } from './convolution.js';
import { nativeKernel, optionalFloats, squareShape } from './registration.js';

/** Registers the binary convolution with its neighbours, forward and backward in one call each. */
export function registerResidualBlockKernels(): void {
  nativeKernel<ResidualAttributes>('BinaryResidual', ({ inputs, attributes, backend }) => {
    const { epsilon, addsInput, ...geometry } = attributes;
    const { v, slope, gamma, beta, mean, variance, latent, residual, sumSlope, squeeze, excite } = inputs;
    const channels = latent.shape[3];
    const shape = squareShape(v.shape, channels, filterWindow(latent.shape), geometry);
    const sign = backend.packedOutput(v.shape);
    const mask = backend.packedOutput(v.shape);
    const filterSign = backend.packedOutput(latent.shape);
    const scale = backend.output([channels]);
    const y = backend.output(outputShape(shape));
    const hidden = squeeze ? squeeze.shape[1] : 0;
    const gateOutput = (columns: number): ReturnType<typeof backend.output> | undefined =>
      squeeze && backend.output([shape.n, columns]);
    const [mapMean, hiddenValues, gate] = [gateOutput(shape.c), gateOutput(hidden), gateOutput(channels)];
    backend.addon.binaryResidualForward({
      shape,
      epsilon,
      addsInput,
      v: backend.floats(v),
      slope: optionalFloats(backend, slope),
      sumSlope: optionalFloats(backend, sumSlope),
      gamma: backend.floats(gamma),
      beta: backend.floats(beta),
      mean: backend.floats(mean),
      variance: backend.floats(variance),
      latent: backend.floats(latent),
      residual: optionalFloats(backend, residual),
      sign: sign.packed.words,
      mask: mask.packed.words,
      filterSign: filterSign.packed.words,
      scale: scale.values,
      y: y.values,
      hidden,
      squeeze: optionalFloats(backend, squeeze),
      excite: optionalFloats(backend, excite),
      mapMean: mapMean?.values ?? null,
      hiddenValues: hiddenValues?.values ?? null,
      gate: gate?.values ?? null,
    });
    const ofGate = mapMean && hiddenValues && gate ? [mapMean, hiddenValues, gate] : [];
    return [y, sign, mask, filterSign, scale, ...ofGate].map(({ info }) => info);
  });

  nativeKernel<ResidualGradAttributes>('BinaryResidualGrad', ({ inputs, attributes, backend }) => {
    const { epsilon, addsDy, ...geometry } = attributes;
    const { dy, v, slope, gamma, mean, variance, mask, signs, latent, filterSigns, scale } = inputs;
    const { sumSlope, squeeze, excite, mapMean, hidden, gate } = inputs;
    const shape = squareShape(v.shape, latent.shape[3], filterWindow(latent.shape), geometry);
    const dv = backend.output(v.shape);
    const dgamma = backend.output([shape.c]);
    const dbeta = backend.output([shape.c]);
    const dslope = slope && backend.output([shape.c]);
    const dw = backend.output(latent.shape);
    const dsumSlope = sumSlope && backend.output(sumSlope.shape);
    const dz = sumSlope && backend.output(dy.shape);
    const dsqueeze = squeeze && backend.output(squeeze.shape);
    const dexcite = excite && backend.output(excite.shape);
    backend.addon.binaryResidualBackward({
      shape,
      epsilon,
      addsDy,
      dy: backend.floats(dy),
      v: backend.floats(v),
      slope: optionalFloats(backend, slope),
      sumSlope: optionalFloats(backend, sumSlope),
      gamma: backend.floats(gamma),
      mean: backend.floats(mean),
      variance: backend.floats(variance),
      latent: backend.floats(latent),
      scale: backend.floats(scale),
      sign: backend.packedSigns(signs).words,
      mask: backend.packedSigns(mask).words,
      filterSign: backend.packedSigns(filterSigns).words,
      dv: dv.values,
      dgamma: dgamma.values,
      dbeta: dbeta.values,
      dslope: dslope?.values ?? null,
      dsumSlope: dsumSlope?.values ?? null,
      dz: dz?.values ?? null,
      dw: dw.values,
      hidden: hidden ? hidden.shape[1] : 0,
      squeeze: optionalFloats(backend, squeeze),
      excite: optionalFloats(backend, excite),
      mapMean: optionalFloats(backend, mapMean),
      hiddenValues: optionalFloats(backend, hidden),
      gate: optionalFloats(backend, gate),
      dsqueeze: dsqueeze?.values ?? null,
      dexcite: dexcite?.values ?? null,
    });
    if (dz) backend.disposeData(dz.info.dataId);
    const optional = [dslope, dsumSlope, dsqueeze, dexcite].flatMap((gradient) => gradient ?? []);
    return [dv, dgamma, dbeta, dw, ...optional].map(({ info }) => info);
  });
}

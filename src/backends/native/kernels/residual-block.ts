import type { ResidualAttributes, ResidualGradAttributes } from '../../../ops/binary-residual.js';
import { filterWindow } from './convolution.js';
import { nativeKernel, optionalFloats, squareShape } from './registration.js';

/** Registers the binary convolution with its neighbours, forward and backward in one call each. */
export function registerResidualBlockKernels(): void {
  nativeKernel<ResidualAttributes>('BinaryResidual', ({ inputs, attributes, backend }) => {
    const { epsilon, addsInput, ...geometry } = attributes;
    const { v, slope, gamma, beta, mean, variance, latent, residual, sumSlope, squeeze, excite } = inputs;
    const channels = latent.shape[3];
    const { fields, out } = squareShape(v.shape, channels, filterWindow(latent.shape), geometry);
    const signs = backend.packedOutput(v.shape);
    const mask = backend.packedOutput(v.shape);
    const filterSigns = backend.packedOutput(latent.shape);
    const scale = backend.output([channels]);
    const y = backend.output([...out, v.shape[2], channels]);
    const [pictures, hidden] = [v.shape[2], squeeze ? squeeze.shape[1] : 0];
    const gate = squeeze
      ? [v.shape[3], hidden, channels].map((columns) => backend.output([pictures, columns]))
      : [];
    backend.addon.binaryResidualForward(
      fields,
      epsilon,
      addsInput,
      backend.floats(v),
      optionalFloats(backend, slope),
      optionalFloats(backend, sumSlope),
      backend.floats(gamma),
      backend.floats(beta),
      backend.floats(mean),
      backend.floats(variance),
      backend.floats(latent),
      optionalFloats(backend, residual),
      signs.packed.words,
      mask.packed.words,
      filterSigns.packed.words,
      scale.values,
      y.values,
      hidden,
      optionalFloats(backend, squeeze),
      optionalFloats(backend, excite),
      ...gate.map(({ values }) => values),
    );
    return [y, signs, mask, filterSigns, scale, ...gate].map(({ info }) => info);
  });

  nativeKernel<ResidualGradAttributes>('BinaryResidualGrad', ({ inputs, attributes, backend }) => {
    const { epsilon, addsDy, ...geometry } = attributes;
    const { dy, v, slope, gamma, mean, variance, mask, signs, latent, filterSigns, scale } = inputs;
    const { sumSlope, squeeze, excite, mapMean, hidden, gate } = inputs;
    const channels = v.shape[3];
    const { fields } = squareShape(v.shape, latent.shape[3], filterWindow(latent.shape), geometry);
    const dv = backend.output(v.shape);
    const dgamma = backend.output([channels]);
    const dbeta = backend.output([channels]);
    const dslope = slope && backend.output([channels]);
    const dw = backend.output(latent.shape);
    const dsumSlope = sumSlope && backend.output(sumSlope.shape);
    const dz = sumSlope && backend.output(dy.shape);
    const gradients = squeeze ? [squeeze, excite].map(({ shape }) => backend.output(shape)) : [];
    const packed = [signs, mask, filterSigns].map((tensor) => backend.packedSigns(tensor));
    backend.addon.binaryResidualBackward(
      fields,
      epsilon,
      addsDy,
      backend.floats(dy),
      backend.floats(v),
      optionalFloats(backend, slope),
      optionalFloats(backend, sumSlope),
      backend.floats(gamma),
      backend.floats(mean),
      backend.floats(variance),
      backend.floats(latent),
      backend.floats(scale),
      ...packed.map(({ words }) => words),
      dv.values,
      dgamma.values,
      dbeta.values,
      dslope?.values,
      dsumSlope?.values,
      dz?.values,
      dw.values,
      hidden ? hidden.shape[1] : 0,
      ...[squeeze, excite, mapMean, hidden, gate].map((tensor) => optionalFloats(backend, tensor)),
      ...gradients.map(({ values }) => values),
    );
    if (dz) backend.disposeData(dz.info.dataId);
    const ofSlopes = [dslope, dsumSlope].flatMap((gradient) => gradient ?? []);
    return [dv, dgamma, dbeta, dw, ...ofSlopes, ...gradients].map(({ info }) => info);
  });
}

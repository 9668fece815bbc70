import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { ProjectedGradientsAttributes, ProjectedStatisticsAttributes } from '../../../ops/projection.js';
import type { NativeBackend } from '../native-backend.js';
import { nativeKernel, optionalFloats, rowsOf } from './registration.js';

/** y = scale·x + shift of a BatchNorm: scale = γ/√(σ² + ε), shift = β − μ·scale. */
export function affine(
  backend: NativeBackend,
  { mean, variance, gamma, beta }: Record<string, TensorInfo>,
  epsilon: number,
): { scale: Float32Array; shift: Float32Array } {
  const [mu, sigma2, factor, offset] = [mean, variance, gamma, beta].map((tensor) => backend.floats(tensor));
  const scale = new Float32Array(mu.length);
  const shift = new Float32Array(mu.length);
  for (let c = 0; c < mu.length; c++) {
    scale[c] = factor[c] / Math.sqrt(sigma2[c] + epsilon);
    shift[c] = offset[c] - mu[c] * scale[c];
  }
  return { scale, shift };
}

/** 1/√(σ² + ε) */
export function inverseDeviation(
  backend: NativeBackend,
  variance: TensorInfo,
  epsilon: number,
): Float32Array {
  return backend.floats(variance).map((sigma2) => 1 / Math.sqrt(sigma2 + epsilon));
}

/** Registers BatchNorm, with and without sign, and PReLU. */
export function registerNormalisationKernels(): void {
  nativeKernel<{ momentum: number }>(
    'BatchNormStatistics',
    ({ inputs, attributes: { momentum }, backend }) => {
      const { x, slope, runningMean, runningVariance } = inputs;
      const { rows, channels } = rowsOf(x);
      const mean = backend.output([channels]);
      const variance = backend.output([channels]);
      backend.addon.batchNormStatistics(
        rows,
        channels,
        backend.floats(x),
        optionalFloats(backend, slope),
        mean.values,
        variance.values,
        momentum,
        optionalFloats(backend, runningMean),
        optionalFloats(backend, runningVariance),
      );
      return [mean.info, variance.info];
    },
  );

  nativeKernel<ProjectedStatisticsAttributes>('ProjectedStatistics', ({ inputs, attributes, backend }) => {
    const { products, mean: m, w, runningMean, runningVariance } = inputs;
    const [c, k] = w.shape as [number, number];
    const covered = backend.output([c, k]);
    const mean = backend.output([k]);
    const variance = backend.output([k]);
    backend.addon.projectedStatistics(
      attributes.rows,
      c,
      k,
      backend.floats(products),
      backend.floats(m),
      backend.floats(w),
      covered.values,
      mean.values,
      variance.values,
      attributes.momentum,
      optionalFloats(backend, runningMean),
      optionalFloats(backend, runningVariance),
    );
    return [covered.info, mean.info, variance.info];
  });

  nativeKernel<ProjectedGradientsAttributes>('ProjectedGradients', ({ inputs, attributes, backend }) => {
    const { rows, epsilon, positions } = attributes;
    const { products, dbeta, mean, w, gamma, covered, outputMean, outputVariance } = inputs;
    const [c, k] = w.shape as [number, number];
    const shapes = [[c, k], [k], [c, k], [c, c], [c]];
    const outputs = shapes.map((shape) => backend.output(shape));
    backend.addon.projectedGradients(
      rows,
      c,
      k,
      epsilon,
      positions,
      ...[products, dbeta, mean, w, gamma, covered, outputMean, outputVariance].map((tensor) =>
        backend.floats(tensor),
      ),
      ...outputs.map(({ values }) => values),
    );
    return outputs.map(({ info }) => info);
  });

  nativeKernel<{ epsilon: number }>('BatchNorm', ({ inputs, attributes: { epsilon }, backend }) => {
    const { rows, channels } = rowsOf(inputs['x']);
    const { scale, shift } = affine(backend, inputs, epsilon);
    const y = backend.output(inputs['x'].shape);
    backend.addon.channelAffine(rows, channels, backend.floats(inputs['x']), scale, shift, y.values);
    return y.info;
  });

  nativeKernel<{ epsilon: number; withMask: boolean }>('BatchNormSign', ({ inputs, attributes, backend }) => {
    const x = inputs['x'];
    const { rows, channels } = rowsOf(x);
    const { scale, shift } = affine(backend, inputs, attributes.epsilon);
    const sign = backend.packedOutput(x.shape);
    const mask = attributes.withMask ? backend.packedOutput(x.shape) : null;
    backend.addon.channelAffineSign(
      rows,
      channels,
      backend.floats(x),
      optionalFloats(backend, inputs['slope']),
      scale,
      shift,
      sign.packed.words,
      mask ? mask.packed.words : null,
    );
    return mask ? [sign.info, mask.info] : [sign.info];
  });

  nativeKernel<{ epsilon: number; withMask: boolean }>(
    'BatchNormClamp',
    ({ inputs, attributes, backend }) => {
      const x = inputs['x'];
      const { rows, channels } = rowsOf(x);
      const { scale, shift } = affine(backend, inputs, attributes.epsilon);
      const y = backend.output(x.shape);
      const mask = attributes.withMask ? backend.packedOutput(x.shape) : null;
      backend.addon.channelAffineClamp(
        rows,
        channels,
        backend.floats(x),
        scale,
        shift,
        y.values,
        mask ? mask.packed.words : null,
      );
      return mask ? [y.info, mask.info] : [y.info];
    },
  );

  nativeKernel<{ epsilon: number; inPlace: boolean }>('BatchNormGrad', ({ inputs, attributes, backend }) => {
    const { epsilon, inPlace } = attributes;
    const { dy, x, slope, mean, variance, gamma, mask, addend } = inputs;
    const { rows, channels } = rowsOf(x);
    const inverse = inverseDeviation(backend, variance, epsilon);
    const dx = inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
    const dgamma = backend.output([channels]);
    const dbeta = backend.output([channels]);
    const dslope = slope ? backend.output([channels]) : undefined;
    const run = (maskWords: Uint32Array | null): void =>
      backend.addon.batchNormBackward(
        rows,
        channels,
        backend.floats(dy),
        backend.floats(x),
        optionalFloats(backend, slope),
        maskWords,
        0,
        optionalFloats(backend, addend),
        backend.floats(mean),
        inverse,
        backend.floats(gamma),
        null,
        dx.values,
        dgamma.values,
        dbeta.values,
        dslope ? dslope.values : null,
      );
    if (mask) backend.withPackedSigns(mask, ({ words }) => run(words));
    else run(null);
    return [dx, dgamma, dbeta, ...(dslope ? [dslope] : [])].map(({ info }) => info);
  });

  nativeKernel<{ inPlace: boolean }>(
    'AddPrelu',
    ({ inputs: { x, residual, slope }, attributes, backend }) => {
      const { rows, channels } = rowsOf(x);
      const y = attributes.inPlace ? backend.outputInPlaceOf(x) : backend.output(x.shape);
      const other = optionalFloats(backend, residual);
      backend.addon.addPrelu(rows, channels, backend.floats(x), other, backend.floats(slope), y.values);
      return y.info;
    },
  );

  nativeKernel<{ fromOutput: boolean; inPlace: boolean }>('PreluGrad', ({ inputs, attributes, backend }) => {
    const { dy, v, slope } = inputs;
    const { rows, channels } = rowsOf(v);
    const slopes = backend.floats(slope);
    const dv = attributes.inPlace ? backend.outputInPlaceOf(dy) : backend.output(v.shape);
    const dslope = backend.output([channels]);
    backend.addon.preluBackward(
      rows,
      channels,
      backend.floats(dy),
      backend.floats(v),
      null,
      slopes,
      dv.values,
      dslope.values,
    );
    // Where y ≤ 0 the input is y / slope, so that Σ dy·v = Σ dy·y / slope.
    if (attributes.fromOutput) for (let c = 0; c < channels; c++) dslope.values[c] /= slopes[c];
    return [dv.info, dslope.info];
  });
}

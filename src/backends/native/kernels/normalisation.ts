import type { TensorInfo } from '@tensorflow/tfjs-core';
import type {
  NormAttributes,
  ProjectedGradientsAttributes,
  ProjectedStatisticsAttributes,
} from '../../kernel-contracts/normalisation.js';
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
      backend.addon.batchNormStatistics({
        rows,
        channels,
        x: backend.floats(x),
        slope: optionalFloats(backend, slope),
        mean: mean.values,
        variance: variance.values,
        momentum,
        runningMean: optionalFloats(backend, runningMean),
        runningVariance: optionalFloats(backend, runningVariance),
      });
      return [mean.info, variance.info];
    },
  );

  nativeKernel<ProjectedStatisticsAttributes>('ProjectedStatistics', ({ inputs, attributes, backend }) => {
    const { products, mean, w, runningMean, runningVariance } = inputs;
    const [c, k] = w.shape as [number, number];
    const covered = backend.output([c, k]);
    const outputMean = backend.output([k]);
    const outputVariance = backend.output([k]);
    backend.addon.projectedStatistics({
      rows: attributes.rows,
      inputs: c,
      outputs: k,
      products: backend.floats(products),
      mean: backend.floats(mean),
      w: backend.floats(w),
      covered: covered.values,
      outputMean: outputMean.values,
      outputVariance: outputVariance.values,
      momentum: attributes.momentum,
      runningMean: optionalFloats(backend, runningMean),
      runningVariance: optionalFloats(backend, runningVariance),
    });
    return [covered.info, outputMean.info, outputVariance.info];
  });

  nativeKernel<ProjectedGradientsAttributes>('ProjectedGradients', ({ inputs, attributes, backend }) => {
    const { rows, epsilon, positions } = attributes;
    const { products, dbeta, mean, w, gamma, covered, outputMean, outputVariance } = inputs;
    const [c, k] = w.shape as [number, number];
    const [dw, dgamma, pull] = [backend.output([c, k]), backend.output([k]), backend.output([c, k])];
    const [tilt, level] = [backend.output([c, c]), backend.output([c])];
    backend.addon.projectedGradients({
      rows,
      inputs: c,
      outputs: k,
      epsilon,
      positions,
      products: backend.floats(products),
      dbeta: backend.floats(dbeta),
      mean: backend.floats(mean),
      w: backend.floats(w),
      gamma: backend.floats(gamma),
      covered: backend.floats(covered),
      outputMean: backend.floats(outputMean),
      outputVariance: backend.floats(outputVariance),
      dw: dw.values,
      dgamma: dgamma.values,
      pull: pull.values,
      tilt: tilt.values,
      level: level.values,
    });
    return [dw, dgamma, pull, tilt, level].map(({ info }) => info);
  });

  nativeKernel<NormAttributes>('BatchNorm', ({ inputs, attributes: { epsilon }, backend }) => {
    const { x } = inputs;
    const { rows, channels } = rowsOf(x);
    const { scale, shift } = affine(backend, inputs, epsilon);
    const y = backend.output(x.shape);
    backend.addon.channelAffine({ rows, channels, x: backend.floats(x), scale, shift, y: y.values });
    return y.info;
  });

  nativeKernel<NormAttributes & { withMask: boolean }>('BatchNormSign', ({ inputs, attributes, backend }) => {
    const x = inputs['x'];
    const { rows, channels } = rowsOf(x);
    const { scale, shift } = affine(backend, inputs, attributes.epsilon);
    const sign = backend.packedOutput(x.shape);
    const mask = attributes.withMask ? backend.packedOutput(x.shape) : null;
    backend.addon.channelAffineSign({
      rows,
      channels,
      x: backend.floats(x),
      slope: optionalFloats(backend, inputs['slope']),
      scale,
      shift,
      sign: sign.packed.words,
      mask: mask?.packed.words ?? null,
    });
    return mask ? [sign.info, mask.info] : [sign.info];
  });

  nativeKernel<NormAttributes & { withMask: boolean }>(
    'BatchNormClamp',
    ({ inputs, attributes, backend }) => {
      const x = inputs['x'];
      const { rows, channels } = rowsOf(x);
      const { scale, shift } = affine(backend, inputs, attributes.epsilon);
      const y = backend.output(x.shape);
      const mask = attributes.withMask ? backend.packedOutput(x.shape) : null;
      backend.addon.channelAffineClamp({
        rows,
        channels,
        x: backend.floats(x),
        scale,
        shift,
        y: y.values,
        mask: mask?.packed.words ?? null,
      });
      return mask ? [y.info, mask.info] : [y.info];
    },
  );

  nativeKernel<NormAttributes & { inPlace: boolean }>('BatchNormGrad', ({ inputs, attributes, backend }) => {
    const { epsilon, inPlace } = attributes;
    const { dy, x, slope, mean, variance, gamma, mask, addend } = inputs;
    const { rows, channels } = rowsOf(x);
    const inverse = inverseDeviation(backend, variance, epsilon);
    const dx = inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
    const dgamma = backend.output([channels]);
    const dbeta = backend.output([channels]);
    const dslope = slope ? backend.output([channels]) : undefined;
    const run = (maskWords: Uint32Array | null): void =>
      backend.addon.batchNormBackward({
        rows,
        channels,
        dy: backend.floats(dy),
        x: backend.floats(x),
        slope: optionalFloats(backend, slope),
        mask: maskWords,
        outer: 0,
        addend: optionalFloats(backend, addend),
        mean: backend.floats(mean),
        inverseDeviation: inverse,
        gamma: backend.floats(gamma),
        upstream: null,
        dx: dx.values,
        dgamma: dgamma.values,
        dbeta: dbeta.values,
        dslope: dslope?.values ?? null,
        images: 0,
        imageDy: null,
      });
    if (mask) backend.withPackedSigns(mask, ({ words }) => run(words));
    else run(null);
    return [dx, dgamma, dbeta, ...(dslope ? [dslope] : [])].map(({ info }) => info);
  });

  nativeKernel<{ inPlace: boolean }>(
    'AddPrelu',
    ({ inputs: { x, residual, slope }, attributes, backend }) => {
      const { rows, channels } = rowsOf(x);
      const y = attributes.inPlace ? backend.outputInPlaceOf(x) : backend.output(x.shape);
      backend.addon.addPrelu({
        rows,
        channels,
        x: backend.floats(x),
        residual: optionalFloats(backend, residual),
        slope: backend.floats(slope),
        y: y.values,
      });
      return y.info;
    },
  );

  nativeKernel<{ fromOutput: boolean; inPlace: boolean }>('PreluGrad', ({ inputs, attributes, backend }) => {
    const { dy, v, slope } = inputs;
    const { rows, channels } = rowsOf(v);
    const slopes = backend.floats(slope);
    const dv = attributes.inPlace ? backend.outputInPlaceOf(dy) : backend.output(v.shape);
    const dslope = backend.output([channels]);
    backend.addon.preluBackward({
      rows,
      channels,
      dy: backend.floats(dy),
      x: backend.floats(v),
      residual: null,
      slope: slopes,
      dv: dv.values,
      dslope: dslope.values,
    });
    // Where y ≤ 0 the input is y / slope, so that Σ dy·v = Σ dy·y / slope.
    if (attributes.fromOutput) for (let c = 0; c < channels; c++) dslope.values[c] /= slopes[c];
    return [dv.info, dslope.info];
  });
}

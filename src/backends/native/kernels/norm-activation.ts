import {
  type ActivationAttributes,
  type ActivationGradAttributes,
  type NormAttributes,
  outerSlopes,
} from '../../kernel-contracts/normalisation.js';
import type { FloatOutput } from '../native-backend.js';
import { affine, inverseDeviation } from './normalisation.js';
import { nativeKernel, optionalFloats, rowsOf } from './registration.js';

/** Registers BatchNorm with a residual and an activation or a PReLU between shifts, and their gradients. */
export function registerNormActivationKernels(): void {
  nativeKernel<ActivationAttributes>(
    'BatchNormActivation',
    ({ inputs, attributes: { epsilon, activation, withMask }, backend }) => {
      const { x, residual } = inputs;
      const { rows, channels } = rowsOf(x);
      const { scale, shift } = affine(backend, inputs, epsilon);
      const y = backend.output(x.shape);
      const mask = withMask ? backend.packedOutput(x.shape) : null;
      backend.addon.channelAffineActivation({
        rows,
        channels,
        activation,
        x: backend.floats(x),
        scale,
        shift,
        residual: optionalFloats(backend, residual),
        y: y.values,
        mask: mask?.packed.words ?? null,
      });
      return mask ? [y.info, mask.info] : [y.info];
    },
  );

  nativeKernel<ActivationGradAttributes>(
    'BatchNormActivationGrad',
    ({ inputs, attributes: { epsilon, activation, withUpstream, inPlace }, backend }) => {
      const { dy, x, mean, variance, gamma, mask } = inputs;
      const { rows, channels } = rowsOf(x);
      // The memory of dy goes to the gradient that is written while dy is read.
      const overwritten = inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const other = withUpstream ? backend.output(x.shape) : undefined;
      const upstream = withUpstream ? overwritten : undefined;
      const dx = other ?? overwritten;
      const dgamma = backend.output([channels]);
      const dbeta = backend.output([channels]);
      backend.withPackedSigns(mask, ({ words }) => {
        backend.addon.batchNormBackward({
          rows,
          channels,
          dy: backend.floats(dy),
          x: backend.floats(x),
          slope: null,
          mask: words,
          outer: outerSlopes[activation],
          addend: null,
          mean: backend.floats(mean),
          inverseDeviation: inverseDeviation(backend, variance, epsilon),
          gamma: backend.floats(gamma),
          upstream: upstream?.values ?? null,
          dx: dx.values,
          dgamma: dgamma.values,
          dbeta: dbeta.values,
          dslope: null,
          images: 0,
          imageDy: null,
        });
      });
      return [dx, dgamma, dbeta, ...(upstream ? [upstream] : [])].map(({ info }) => info);
    },
  );

  nativeKernel<NormAttributes>('BatchNormResidual', ({ inputs, attributes: { epsilon }, backend }) => {
    const { x, residual, before, slope, after } = inputs;
    const { rows, channels } = rowsOf(x);
    const { scale, shift } = affine(backend, inputs, epsilon);
    const y = backend.output(x.shape);
    backend.addon.channelAffineResidual({
      rows,
      channels,
      x: backend.floats(x),
      scale,
      shift,
      residual: optionalFloats(backend, residual),
      before: optionalFloats(backend, before),
      slope: optionalFloats(backend, slope),
      after: optionalFloats(backend, after),
      y: y.values,
    });
    return y.info;
  });

  nativeKernel<NormAttributes & { inPlace: boolean }>(
    'BatchNormResidualGrad',
    ({ inputs, attributes: { epsilon, inPlace }, backend }) => {
      const { dy, x, residual, before, slope, mean, variance, gamma } = inputs;
      const { rows, channels } = rowsOf(x);
      const { scale, shift } = affine(backend, inputs, epsilon);
      // The memory of dy goes to the gradient that is written while dy is read.
      const upstream = inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const dx = residual ? backend.output(x.shape) : upstream;
      const sum = (): FloatOutput => backend.output([channels]);
      const [dgamma, dbeta, dslope, dafter] = [sum(), sum(), sum(), sum()];
      backend.addon.batchNormResidualBackward({
        rows,
        channels,
        dy: backend.floats(dy),
        x: backend.floats(x),
        scale,
        shift,
        residual: optionalFloats(backend, residual),
        before: backend.floats(before),
        slope: backend.floats(slope),
        mean: backend.floats(mean),
        inverseDeviation: inverseDeviation(backend, variance, epsilon),
        gamma: backend.floats(gamma),
        upstream: upstream.values,
        dx: dx.values,
        dgamma: dgamma.values,
        dbeta: dbeta.values,
        dslope: dslope.values,
        dafter: dafter.values,
      });
      const outputs = [dx, dgamma, dbeta, dslope, dafter, ...(residual ? [upstream] : [])];
      return outputs.map(({ info }) => info);
    },
  );
}

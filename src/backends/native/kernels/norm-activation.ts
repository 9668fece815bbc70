import { type Activation, activationNames, outerSlopes } from '../../../ops/batch-norm-activation.js';
import { affine, inverseDeviation } from './normalisation.js';
import { nativeKernel, optionalFloats, rowsOf } from './registration.js';

/** Registers BatchNorm with a residual and an activation or a PReLU between shifts, and their gradients. */
export function registerNormActivationKernels(): void {
  nativeKernel<{ epsilon: number; activation: Activation; withMask: boolean }>(
    'BatchNormActivation',
    ({ inputs, attributes: { epsilon, activation, withMask }, backend }) => {
      const { x, residual } = inputs;
      const { rows, channels } = rowsOf(x);
      const { scale, shift } = affine(backend, inputs, epsilon);
      const y = backend.output(x.shape);
      const mask = withMask ? backend.packedOutput(x.shape) : null;
      backend.addon.channelAffineActivation(
        rows,
        channels,
        activationNames.indexOf(activation),
        backend.floats(x),
        scale,
        shift,
        optionalFloats(backend, residual),
        y.values,
        mask ? mask.packed.words : null,
      );
      return mask ? [y.info, mask.info] : [y.info];
    },
  );

  nativeKernel<{ epsilon: number; activation: Activation; withUpstream: boolean; inPlace: boolean }>(
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
        backend.addon.batchNormBackward(
          rows,
          channels,
          backend.floats(dy),
          backend.floats(x),
          null,
          words,
          outerSlopes[activation],
          null,
          backend.floats(mean),
          inverseDeviation(backend, variance, epsilon),
          backend.floats(gamma),
          upstream ? upstream.values : null,
          dx.values,
          dgamma.values,
          dbeta.values,
          null,
        );
      });
      return [dx, dgamma, dbeta, ...(upstream ? [upstream] : [])].map(({ info }) => info);
    },
  );

  nativeKernel<{ epsilon: number }>('BatchNormResidual', ({ inputs, attributes: { epsilon }, backend }) => {
    const { x, residual, before, slope, after } = inputs;
    const { rows, channels } = rowsOf(x);
    const { scale, shift } = affine(backend, inputs, epsilon);
    const y = backend.output(x.shape);
    const operands = [residual, before, slope, after].map((tensor) => optionalFloats(backend, tensor));
    backend.addon.channelAffineResidual(
      ...[rows, channels, backend.floats(x), scale, shift, ...operands, y.values],
    );
    return y.info;
  });

  nativeKernel<{ epsilon: number; inPlace: boolean }>(
    'BatchNormResidualGrad',
    ({ inputs, attributes: { epsilon, inPlace }, backend }) => {
      const { dy, x, residual, before, slope, mean, variance, gamma } = inputs;
      const { rows, channels } = rowsOf(x);
      const { scale, shift } = affine(backend, inputs, epsilon);
      // The memory of dy goes to the gradient that is written while dy is read.
      const upstream = inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const dx = residual ? backend.output(x.shape) : upstream;
      const [dgamma, dbeta, dslope, dafter] = [0, 1, 2, 3].map(() => backend.output([channels]));
      backend.addon.batchNormResidualBackward(
        rows,
        channels,
        backend.floats(dy),
        backend.floats(x),
        scale,
        shift,
        optionalFloats(backend, residual),
        backend.floats(before),
        backend.floats(slope),
        backend.floats(mean),
        inverseDeviation(backend, variance, epsilon),
        backend.floats(gamma),
        upstream.values,
        dx.values,
        ...[dgamma, dbeta, dslope, dafter].map(({ values }) => values),
      );
      const outputs = [dx, dgamma, dbeta, dslope, dafter, ...(residual ? [upstream] : [])];
      return outputs.map(({ info }) => info);
    },
  );
}

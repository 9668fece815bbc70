import { type Activation, activationNames, outerSlopes } from '../../../ops/batch-norm-activation.js';
import { affine, inverseDeviation } from './normalisation.js';
import { nativeKernel, optionalFloats, rowsOf } from './registration.js';

/** Registers BatchNorm with residual and activation, and its gradient. */
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
}

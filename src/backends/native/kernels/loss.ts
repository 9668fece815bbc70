import { nativeKernel } from './registration.js';

/** Registers the distance of directions behind feature matching, and its gradient. */
export function registerLossKernels(): void {
  nativeKernel('UnitDistance', ({ inputs: { a, b }, backend }) => {
    const [rows, size] = a.shape;
    const value = backend.output([rows]);
    const statistics = backend.output([rows, 4]);
    backend.addon.unitDistance(
      rows,
      size,
      backend.floats(a),
      backend.floats(b),
      value.values,
      statistics.values,
    );
    return [value.info, statistics.info];
  });

  nativeKernel('UnitDistanceGrad', ({ inputs: { dy, a, b, statistics }, backend }) => {
    const [rows, size] = a.shape;
    const da = backend.output([rows, size]);
    backend.addon.unitDistanceBackward(
      rows,
      size,
      backend.floats(dy),
      backend.floats(a),
      backend.floats(b),
      backend.floats(statistics),
      da.values,
    );
    return da.info;
  });
}

import { type AveragePoolGeometry, type PoolGeometry, windowsAlong } from '../../../ops/pooling.js';
import { convShape, nativeKernel } from './registration.js';

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

function pooled(
  input: readonly number[],
  geometry: PoolGeometry & { readonly ceil?: boolean },
): { fields: Int32Array; out: [number, number] } {
  const [h, w, n, c] = input as [number, number, number, number];
  const { window, stride, pad, ceil } = geometry;
  const out: [number, number] = [windowsAlong(h, geometry, ceil), windowsAlong(w, geometry, ceil)];
  const sides = { kernel: [window, window], stride: [stride, stride], pad: [pad, pad], out } as const;
  return { fields: convShape({ h, w, n, c, k: c, ...sides }), out };
}

/** Registers poolings of position-major tensors and the change of layout. */
export function registerPoolingKernels(): void {
  nativeKernel<AveragePoolGeometry>('PositionMajorAveragePool', ({ inputs: { x }, attributes, backend }) => {
    const { fields, out } = pooled(x.shape, attributes);
    const y = backend.output([...out, x.shape[2], x.shape[3]]);
    backend.addon.averagePool(fields, attributes.countPadding, backend.floats(x), y.values);
    return y.info;
  });

  nativeKernel<AveragePoolGeometry & { size: readonly [number, number] }>(
    'PositionMajorAveragePoolGrad',
    ({ inputs: { dy, addend }, attributes, backend }) => {
      const shape = [...attributes.size, dy.shape[2], dy.shape[3]];
      const dx = addend ? backend.outputInPlaceOf(addend) : backend.output(shape);
      const { fields } = pooled(shape, attributes);
      const added = addend ? backend.floats(addend) : null;
      backend.addon.averagePoolBackward(
        fields,
        attributes.countPadding,
        backend.floats(dy),
        added,
        dx.values,
      );
      return dx.info;
    },
  );

  nativeKernel<PoolGeometry>('PositionMajorMaxPool', ({ inputs: { x }, attributes, backend }) => {
    const { fields, out } = pooled(x.shape, attributes);
    const y = backend.output([...out, x.shape[2], x.shape[3]]);
    backend.addon.maxPool(fields, backend.floats(x), y.values);
    return y.info;
  });

  nativeKernel<PoolGeometry>('PositionMajorMaxPoolGrad', ({ inputs: { dy, x, y }, attributes, backend }) => {
    const dx = backend.output(x.shape);
    const { fields } = pooled(x.shape, attributes);
    backend.addon.maxPoolBackward(
      fields,
      backend.floats(dy),
      backend.floats(x),
      backend.floats(y),
      dx.values,
    );
    return dx.info;
  });

  nativeKernel('PositionMean', ({ inputs: { x }, backend }) => {
    const [h, w, ...inner] = x.shape;
    const y = backend.output(inner);
    backend.addon.positionMean(h * w, product(inner), backend.floats(x), y.values);
    return y.info;
  });

  nativeKernel<{ size: readonly [number, number] }>(
    'PositionMeanGrad',
    ({ inputs: { dy }, attributes: { size }, backend }) => {
      const dx = backend.output([...size, ...dy.shape]);
      backend.addon.positionMeanBackward(size[0] * size[1], product(dy.shape), backend.floats(dy), dx.values);
      return dx.info;
    },
  );

  nativeKernel<{ batchMajor: boolean }>(
    'SwapOuter',
    ({ inputs: { x }, attributes: { batchMajor }, backend }) => {
      const [a, b, c, inner] = x.shape as [number, number, number, number];
      const y = backend.output(batchMajor ? [b, c, a, inner] : [c, a, b, inner]);
      const [outer, middle] = batchMajor ? [a, b * c] : [a * b, c];
      backend.addon.swapOuter(outer, middle, inner, backend.floats(x), y.values);
      return y.info;
    },
  );
}

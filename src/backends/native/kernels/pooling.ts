import {
  type AverageGradAttributes,
  type AveragePoolGeometry,
  type PoolGeometry,
  reachBeyond,
  windowsAlong,
} from '../../kernel-contracts/pooling.js';
import type { ConvShape } from '../kernel-calls.js';
import { nativeKernel, optionalFloats } from './registration.js';

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

function pooled(input: readonly number[], geometry: PoolGeometry & { readonly ceil?: boolean }): ConvShape {
  const [h, w, n, c] = input as [number, number, number, number];
  const { window, stride, pad, ceil } = geometry;
  return {
    h,
    w,
    n,
    c,
    k: c,
    kernelH: window,
    kernelW: window,
    strideH: stride,
    strideW: stride,
    padTop: pad,
    padBottom: pad + reachBeyond(h, geometry),
    padLeft: pad,
    padRight: pad + reachBeyond(w, geometry),
    outH: windowsAlong(h, geometry, ceil),
    outW: windowsAlong(w, geometry, ceil),
    groups: 1,
  };
}

const pooledShape = ({ outH, outW, n, c }: ConvShape): number[] => [outH, outW, n, c];

/** Registers poolings of position-major tensors and the change of layout. */
export function registerPoolingKernels(): void {
  nativeKernel<AveragePoolGeometry>('PositionMajorAveragePool', ({ inputs: { x }, attributes, backend }) => {
    const shape = pooled(x.shape, attributes);
    const y = backend.output(pooledShape(shape));
    const { countPadding } = attributes;
    backend.addon.averagePool({ shape, countPadding, x: backend.floats(x), y: y.values });
    return y.info;
  });

  nativeKernel<AverageGradAttributes>(
    'PositionMajorAveragePoolGrad',
    ({ inputs: { dy, addend }, attributes, backend }) => {
      const input = [...attributes.size, dy.shape[2], dy.shape[3]];
      const dx = addend ? backend.outputInPlaceOf(addend) : backend.output(input);
      backend.addon.averagePoolBackward({
        shape: pooled(input, attributes),
        countPadding: attributes.countPadding,
        dy: backend.floats(dy),
        addend: optionalFloats(backend, addend),
        dx: dx.values,
      });
      return dx.info;
    },
  );

  nativeKernel<PoolGeometry>('PositionMajorMaxPool', ({ inputs: { x }, attributes, backend }) => {
    const shape = pooled(x.shape, attributes);
    const y = backend.output(pooledShape(shape));
    backend.addon.maxPool({ shape, x: backend.floats(x), y: y.values });
    return y.info;
  });

  nativeKernel<PoolGeometry>('PositionMajorMaxPoolGrad', ({ inputs: { dy, x, y }, attributes, backend }) => {
    const dx = backend.output(x.shape);
    backend.addon.maxPoolBackward({
      shape: pooled(x.shape, attributes),
      dy: backend.floats(dy),
      x: backend.floats(x),
      y: backend.floats(y),
      dx: dx.values,
    });
    return dx.info;
  });

  nativeKernel('PositionMean', ({ inputs: { x }, backend }) => {
    const [h, w, ...inner] = x.shape;
    const y = backend.output(inner);
    backend.addon.positionMean({
      positions: h * w,
      inner: product(inner),
      x: backend.floats(x),
      y: y.values,
      channels: 1,
      slope: null,
    });
    return y.info;
  });

  nativeKernel<{ size: readonly [number, number] }>(
    'PositionMeanGrad',
    ({ inputs: { dy }, attributes: { size }, backend }) => {
      const dx = backend.output([...size, ...dy.shape]);
      backend.addon.positionMeanBackward({
        positions: size[0] * size[1],
        inner: product(dy.shape),
        dy: backend.floats(dy),
        dx: dx.values,
      });
      return dx.info;
    },
  );

  nativeKernel<{ batchMajor: boolean }>(
    'SwapOuter',
    ({ inputs: { x }, attributes: { batchMajor }, backend }) => {
      const [a, b, c, inner] = x.shape as [number, number, number, number];
      const y = backend.output(batchMajor ? [b, c, a, inner] : [c, a, b, inner]);
      const [outer, middle] = batchMajor ? [a, b * c] : [a * b, c];
      backend.addon.swapOuter({ outer, middle, inner, x: backend.floats(x), y: y.values });
      return y.info;
    },
  );
}

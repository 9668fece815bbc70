import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { FactorForm } from '../../../ops/factored-gate.js';
import type { FloatOutput, NativeBackend } from '../native-backend.js';
import { affine, inverseDeviation } from './normalisation.js';
import { nativeKernel, optionalFloats, rowsOf } from './registration.js';

/** [positions, images, channels] of a position-major map, as its kernels take them. */
function mapSizes(x: TensorInfo): [positions: number, images: number, channels: number] {
  const [h, w, n, c] = x.shape as [number, number, number, number];
  return [h * w, n, c];
}

const forms: Readonly<Record<FactorForm, number>> = { product: 0, excitation: 1 };

/** Three rows of parameters as one array. */
function rowsOfThree(backend: NativeBackend, rows: readonly TensorInfo[]): Float32Array {
  const channels = rows[0].shape[0];
  const all = new Float32Array(3 * channels);
  rows.forEach((row, i) => all.set(backend.floats(row), i * channels));
  return all;
}

/** The sizes that a dilated convolution of maps like x, from so many to so many channels, takes. */
function dilatedSizes(x: TensorInfo, outputs: number, window: number, dilation: number): number[] {
  const [h, w, n, c] = x.shape as [number, number, number, number];
  return [h, w, n, c, outputs, window, dilation];
}

/** What a BatchNorm makes of rows of channels, or another reference to them where there is none. */
function normalisedRows(
  backend: NativeBackend,
  { info, values }: FloatOutput,
  norm: ReturnType<typeof affine> | undefined,
): TensorInfo {
  if (!norm) {
    backend.incRef(info.dataId);
    return { ...info };
  }
  const y = backend.output(info.shape);
  const { rows, channels } = rowsOf(info);
  backend.addon.channelAffine(rows, channels, values, norm.scale, norm.shift, y.values);
  return y.info;
}

/** Registers what attention looks at and how it is applied. */
export function registerAttentionKernels(): void {
  nativeKernel<{ epsilon: number; withChannels: boolean }>(
    'MapPools',
    ({ inputs: { x, ...norm }, attributes: { epsilon, withChannels }, backend }) => {
      const [h, w, n, c] = x.shape as [number, number, number, number];
      const ofInput = backend.output([2, n, c]);
      const place = backend.output([n, c]);
      const ofChannels = withChannels ? backend.output([h, w, n, 2]) : undefined;
      const channel = withChannels ? backend.output([h, w, n]) : undefined;
      const through = norm['gamma'] ? affine(backend, norm, epsilon) : undefined;
      backend.addon.mapPools(
        ...mapSizes(x),
        backend.floats(x),
        through?.scale ?? null,
        through?.shift ?? null,
        ofInput.values.subarray(0, n * c),
        ofInput.values.subarray(n * c),
        place.values,
        ofChannels?.values ?? null,
        channel?.values ?? null,
      );
      const looked = [ofInput, place, ...(ofChannels && channel ? [ofChannels, channel] : [])];
      const infos = looked.map(({ info }) => info);
      return [normalisedRows(backend, ofInput, through), ...infos];
    },
  );

  nativeKernel<{ epsilon: number }>('MapPoolsGrad', ({ inputs, attributes: { epsilon }, backend }) => {
    const { dPositions, dChannels, x, ofInput, place, channel, mean, variance, gamma } = inputs;
    const inner = place.shape[0] * place.shape[1];
    const halves = (pair: TensorInfo): [Float32Array, Float32Array] => {
      const values = backend.floats(pair);
      return [values.subarray(0, inner), values.subarray(inner)];
    };
    const dx = backend.output(x.shape);
    const sums = gamma ? [0, 1].map(() => backend.output(gamma.shape)) : [];
    backend.addon.mapPoolsBackward(
      ...mapSizes(x),
      backend.floats(x),
      optionalFloats(backend, mean),
      gamma ? inverseDeviation(backend, variance, epsilon) : null,
      optionalFloats(backend, gamma),
      ...halves(ofInput),
      backend.floats(place),
      ...halves(dPositions),
      optionalFloats(backend, channel),
      optionalFloats(backend, dChannels),
      dx.values,
      sums[0]?.values ?? null,
      sums[1]?.values ?? null,
    );
    return [dx, ...sums].map(({ info }) => info);
  });

  nativeKernel<{ epsilon: number }>(
    'MapProjection',
    ({ inputs: { x, w, ...norm }, attributes: { epsilon }, backend }) => {
      const outputs = w.shape[3];
      const ofInput = backend.output(x.shape.slice(2));
      const y = backend.output([...x.shape.slice(0, 3), outputs]);
      const through = norm['gamma'] ? affine(backend, norm, epsilon) : undefined;
      backend.addon.mapProjection(
        ...[...mapSizes(x), outputs, backend.floats(x)],
        through?.scale ?? null,
        through?.shift ?? null,
        ...[backend.floats(w), ofInput.values, y.values],
      );
      return [normalisedRows(backend, ofInput, through), ofInput.info, y.info];
    },
  );

  nativeKernel<{ epsilon: number }>('MapProjectionGrad', ({ inputs, attributes: { epsilon }, backend }) => {
    const { dMean, dMap, x, w, ofInput, mean, variance, gamma, beta } = inputs;
    const [dx, dw] = [x, w].map(({ shape }) => backend.output(shape));
    const sums = gamma ? [0, 1].map(() => backend.output(gamma.shape)) : [];
    backend.addon.mapProjectionBackward(
      ...[...mapSizes(x), w.shape[3], backend.floats(x)],
      optionalFloats(backend, mean),
      gamma ? inverseDeviation(backend, variance, epsilon) : null,
      optionalFloats(backend, gamma),
      optionalFloats(backend, beta),
      ...[w, ofInput, dMean, dMap].map((tensor) => backend.floats(tensor)),
      ...[dx.values, dw.values],
      sums[0]?.values ?? null,
      sums[1]?.values ?? null,
    );
    return [dx, dw, ...sums].map(({ info }) => info);
  });

  nativeKernel<{ form: FactorForm }>(
    'FactoredGate',
    ({ inputs: { x, positions, channels }, attributes: { form }, backend }) => {
      const y = backend.output(x.shape);
      const inputs = [x, positions, channels].map((tensor) => backend.floats(tensor));
      backend.addon.factoredGate(...mapSizes(x), forms[form], ...inputs, y.values);
      return y.info;
    },
  );

  nativeKernel<{ form: FactorForm; inPlace: boolean }>(
    'FactoredGateGrad',
    ({ inputs: { dy, x, positions, channels }, attributes: { form, inPlace }, backend }) => {
      const dx = inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const others = [positions, channels].map(({ shape }) => backend.output(shape));
      const inputs = [dy, x, positions, channels].map((tensor) => backend.floats(tensor));
      const outputs = [dx, ...others];
      backend.addon.factoredGateBackward(
        ...[...mapSizes(x), forms[form]],
        ...[...inputs, ...outputs.map(({ values }) => values)],
      );
      return outputs.map(({ info }) => info);
    },
  );

  nativeKernel('DecoratorGate', ({ inputs: { pools, w0, w1, w2, b0, b1, b2 }, backend }) => {
    const [, n, c] = pools.shape as [number, number, number];
    const y = backend.output([n, c]);
    const parameters = [
      [w0, w1, w2],
      [b0, b1, b2],
    ].map((rows) => rowsOfThree(backend, rows));
    backend.addon.decoratorGate(n, c, backend.floats(pools), ...parameters, y.values);
    return y.info;
  });

  nativeKernel('DecoratorGateGrad', ({ inputs: { dy, pools, w0, w1, w2, b0, b1, b2 }, backend }) => {
    const [, n, c] = pools.shape as [number, number, number];
    const dpools = backend.output(pools.shape);
    const parameters = [
      [w0, w1, w2],
      [b0, b1, b2],
    ].map((rows) => rowsOfThree(backend, rows));
    const sums = [0, 1].map(() => new Float32Array(3 * c));
    backend.addon.decoratorGateBackward(
      ...[n, c, backend.floats(dy), backend.floats(pools)],
      ...[...parameters, dpools.values, ...sums],
    );
    const rows = sums.flatMap((values) =>
      [0, 1, 2].map((i) => {
        const row = backend.output([c]);
        row.values.set(values.subarray(i * c, (i + 1) * c));
        return row.info;
      }),
    );
    return [dpools.info, ...rows];
  });

  nativeKernel<{ dilation: number; transposed: boolean }>(
    'DilatedConv2D',
    ({ inputs: { x, w }, attributes: { dilation, transposed }, backend }) => {
      const [window, , first, second] = w.shape as [number, number, number, number];
      const outputs = transposed ? first : second;
      const y = backend.output([...x.shape.slice(0, 3), outputs]);
      backend.addon.dilatedConv(
        ...dilatedSizes(x, outputs, window, dilation),
        ...[transposed, backend.floats(x), backend.floats(w), y.values],
      );
      return y.info;
    },
  );

  nativeKernel<{ dilation: number; window: number }>(
    'DilatedConv2DBackpropFilter',
    ({ inputs: { x, dy }, attributes: { dilation, window }, backend }) => {
      const outputs = dy.shape[3];
      const dw = backend.output([window, window, x.shape[3], outputs]);
      backend.addon.dilatedConvBackwardFilter(
        ...dilatedSizes(x, outputs, window, dilation),
        ...[backend.floats(x), backend.floats(dy), dw.values],
      );
      return dw.info;
    },
  );
}

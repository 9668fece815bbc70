import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { FactoredGateAttributes, MapPoolsAttributes } from '../../kernel-contracts/attention.js';
import type { DilatedAttributes } from '../../kernel-contracts/convolution.js';
import type { NormAttributes } from '../../kernel-contracts/normalisation.js';
import type { DilatedConvBackwardFilter } from '../kernel-calls.js';
import type { FloatOutput, NativeBackend } from '../native-backend.js';
import { affine, inverseDeviation } from './normalisation.js';
import { nativeKernel, optionalFloats, rowsOf } from './registration.js';

/** The sizes of a position-major map, as its kernels take them. */
function mapSizes(x: TensorInfo): { positions: number; images: number; channels: number } {
  const [h, w, images, channels] = x.shape as [number, number, number, number];
  return { positions: h * w, images, channels };
}

/** Three rows of parameters as one array. */
function rowsOfThree(backend: NativeBackend, rows: readonly TensorInfo[]): Float32Array {
  const channels = rows[0].shape[0];
  const all = new Float32Array(3 * channels);
  rows.forEach((row, i) => all.set(backend.floats(row), i * channels));
  return all;
}

/** The sizes that a dilated convolution of maps like x, from so many to so many channels, takes. */
function dilatedSizes(
  x: TensorInfo,
  outputs: number,
  window: number,
  dilation: number,
): Omit<DilatedConvBackwardFilter, 'x' | 'dy' | 'dfilter'> {
  const [height, width, images, inputs] = x.shape as [number, number, number, number];
  return { height, width, images, inputs, outputs, window, dilation };
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
  backend.addon.channelAffine({ rows, channels, x: values, ...norm, y: y.values });
  return y.info;
}

/** Registers what attention looks at and how it is applied. */
export function registerAttentionKernels(): void {
  nativeKernel<MapPoolsAttributes>(
    'MapPools',
    ({ inputs: { x, ...norm }, attributes: { epsilon, withChannels }, backend }) => {
      const [h, w, n, c] = x.shape as [number, number, number, number];
      const ofInput = backend.output([2, n, c]);
      const place = backend.output([n, c]);
      const ofChannels = withChannels ? backend.output([h, w, n, 2]) : undefined;
      const channel = withChannels ? backend.output([h, w, n]) : undefined;
      const through = norm['gamma'] ? affine(backend, norm, epsilon) : undefined;
      backend.addon.mapPools({
        ...mapSizes(x),
        x: backend.floats(x),
        scale: through?.scale ?? null,
        shift: through?.shift ?? null,
        mean: ofInput.values.subarray(0, n * c),
        greatest: ofInput.values.subarray(n * c),
        place: place.values,
        ofChannels: ofChannels?.values ?? null,
        channel: channel?.values ?? null,
      });
      const looked = [ofInput, place, ...(ofChannels && channel ? [ofChannels, channel] : [])];
      const infos = looked.map(({ info }) => info);
      return [normalisedRows(backend, ofInput, through), ...infos];
    },
  );

  nativeKernel<NormAttributes>('MapPoolsGrad', ({ inputs, attributes: { epsilon }, backend }) => {
    const { dPositions, dChannels, x, ofInput, place, channel, mean, variance, gamma } = inputs;
    const inner = place.shape[0] * place.shape[1];
    const halves = (pair: TensorInfo): [Float32Array, Float32Array] => {
      const values = backend.floats(pair);
      return [values.subarray(0, inner), values.subarray(inner)];
    };
    const dx = backend.output(x.shape);
    const dgamma = gamma && backend.output(gamma.shape);
    const dbeta = gamma && backend.output(gamma.shape);
    const [meanOfInput, greatest] = halves(ofInput);
    const [dmean, dgreatest] = halves(dPositions);
    backend.addon.mapPoolsBackward({
      ...mapSizes(x),
      x: backend.floats(x),
      mu: optionalFloats(backend, mean),
      inverseDeviation: gamma ? inverseDeviation(backend, variance, epsilon) : null,
      gamma: optionalFloats(backend, gamma),
      mean: meanOfInput,
      greatest,
      place: backend.floats(place),
      dmean,
      dgreatest,
      channel: optionalFloats(backend, channel),
      dOfChannels: optionalFloats(backend, dChannels),
      dx: dx.values,
      dgamma: dgamma?.values ?? null,
      dbeta: dbeta?.values ?? null,
    });
    return [dx, ...(dgamma && dbeta ? [dgamma, dbeta] : [])].map(({ info }) => info);
  });

  nativeKernel<NormAttributes>(
    'MapProjection',
    ({ inputs: { x, w, ...norm }, attributes: { epsilon }, backend }) => {
      const outputs = w.shape[3];
      const ofInput = backend.output(x.shape.slice(2));
      const y = backend.output([...x.shape.slice(0, 3), outputs]);
      const through = norm['gamma'] ? affine(backend, norm, epsilon) : undefined;
      backend.addon.mapProjection({
        ...mapSizes(x),
        outputs,
        x: backend.floats(x),
        scale: through?.scale ?? null,
        shift: through?.shift ?? null,
        filter: backend.floats(w),
        mean: ofInput.values,
        y: y.values,
      });
      return [normalisedRows(backend, ofInput, through), ofInput.info, y.info];
    },
  );

  nativeKernel<NormAttributes>('MapProjectionGrad', ({ inputs, attributes: { epsilon }, backend }) => {
    const { dMean, dMap, x, w, ofInput, mean, variance, gamma, beta } = inputs;
    const [dx, dw] = [backend.output(x.shape), backend.output(w.shape)];
    const dgamma = gamma && backend.output(gamma.shape);
    const dbeta = gamma && backend.output(gamma.shape);
    backend.addon.mapProjectionBackward({
      ...mapSizes(x),
      outputs: w.shape[3],
      x: backend.floats(x),
      mu: optionalFloats(backend, mean),
      inverseDeviation: gamma ? inverseDeviation(backend, variance, epsilon) : null,
      gamma: optionalFloats(backend, gamma),
      beta: optionalFloats(backend, beta),
      filter: backend.floats(w),
      mean: backend.floats(ofInput),
      dmean: backend.floats(dMean),
      dy: backend.floats(dMap),
      dx: dx.values,
      dfilter: dw.values,
      dgamma: dgamma?.values ?? null,
      dbeta: dbeta?.values ?? null,
    });
    return [dx, dw, ...(dgamma && dbeta ? [dgamma, dbeta] : [])].map(({ info }) => info);
  });

  nativeKernel<FactoredGateAttributes>(
    'FactoredGate',
    ({ inputs: { x, positions, channels }, attributes: { form }, backend }) => {
      const y = backend.output(x.shape);
      backend.addon.factoredGate({
        ...mapSizes(x),
        form,
        x: backend.floats(x),
        ofPositions: backend.floats(positions),
        ofChannels: backend.floats(channels),
        y: y.values,
      });
      return y.info;
    },
  );

  nativeKernel<FactoredGateAttributes & { inPlace: boolean }>(
    'FactoredGateGrad',
    ({ inputs: { dy, x, positions, channels }, attributes: { form, inPlace }, backend }) => {
      const dx = inPlace ? backend.outputInPlaceOf(dy) : backend.output(x.shape);
      const dPositions = backend.output(positions.shape);
      const dChannels = backend.output(channels.shape);
      backend.addon.factoredGateBackward({
        ...mapSizes(x),
        form,
        dy: backend.floats(dy),
        x: backend.floats(x),
        ofPositions: backend.floats(positions),
        ofChannels: backend.floats(channels),
        dx: dx.values,
        dOfPositions: dPositions.values,
        dOfChannels: dChannels.values,
      });
      return [dx, dPositions, dChannels].map(({ info }) => info);
    },
  );

  nativeKernel('DecoratorGate', ({ inputs: { pools, w0, w1, w2, b0, b1, b2 }, backend }) => {
    const [, n, c] = pools.shape as [number, number, number];
    const y = backend.output([n, c]);
    backend.addon.decoratorGate({
      images: n,
      channels: c,
      pools: backend.floats(pools),
      weights: rowsOfThree(backend, [w0, w1, w2]),
      biases: rowsOfThree(backend, [b0, b1, b2]),
      y: y.values,
    });
    return y.info;
  });

  nativeKernel('DecoratorGateGrad', ({ inputs: { dy, pools, w0, w1, w2, b0, b1, b2 }, backend }) => {
    const [, n, c] = pools.shape as [number, number, number];
    const dpools = backend.output(pools.shape);
    const [dweights, dbiases] = [new Float32Array(3 * c), new Float32Array(3 * c)];
    backend.addon.decoratorGateBackward({
      images: n,
      channels: c,
      dy: backend.floats(dy),
      pools: backend.floats(pools),
      weights: rowsOfThree(backend, [w0, w1, w2]),
      biases: rowsOfThree(backend, [b0, b1, b2]),
      dpools: dpools.values,
      dweights,
      dbiases,
    });
    const rows = [dweights, dbiases].flatMap((values) =>
      [0, 1, 2].map((i) => {
        const row = backend.output([c]);
        row.values.set(values.subarray(i * c, (i + 1) * c));
        return row.info;
      }),
    );
    return [dpools.info, ...rows];
  });

  nativeKernel<DilatedAttributes & { transposed: boolean }>(
    'DilatedConv2D',
    ({ inputs: { x, w }, attributes: { dilation, transposed }, backend }) => {
      const [window, , first, second] = w.shape as [number, number, number, number];
      const outputs = transposed ? first : second;
      const y = backend.output([...x.shape.slice(0, 3), outputs]);
      backend.addon.dilatedConv({
        ...dilatedSizes(x, outputs, window, dilation),
        transposed,
        x: backend.floats(x),
        filter: backend.floats(w),
        y: y.values,
      });
      return y.info;
    },
  );

  nativeKernel<DilatedAttributes & { window: number }>(
    'DilatedConv2DBackpropFilter',
    ({ inputs: { x, dy }, attributes: { dilation, window }, backend }) => {
      const outputs = dy.shape[3];
      const dw = backend.output([window, window, x.shape[3], outputs]);
      backend.addon.dilatedConvBackwardFilter({
        ...dilatedSizes(x, outputs, window, dilation),
        x: backend.floats(x),
        dy: backend.floats(dy),
        dfilter: dw.values,
      });
      return dw.info;
    },
  );
}

import { afterEach, describe, expect, it } from 'vitest';
import type { FactoredGate } from '../../src/backends/native/kernel-calls.js';
import {
  addon,
  type Call,
  expectDoubles,
  expectLikeReference,
  expectSameOnAnyThreads,
  floatsWithEdges,
  type Outputs,
  restoreAddon,
} from './kernel-runs.js';
import { guardedOutput, randomFloats } from './shapes.js';

afterEach(restoreAddon);

/** Of a map: positions, images, channels. */
type Size = readonly [number, number, number];
const fieldsOf = ([positions, images, channels]: Size) => ({ positions, images, channels });
const sizes: readonly Size[] = [
  ...[1, 3, 7, 8, 9, 16, 32, 33, 64, 100].map((channels): Size => [6, 5, channels]),
  ...[1, 2, 7, 8, 9, 31, 128].map((images): Size => [5, images, 12]),
  ...[1, 2, 63, 64, 65, 200].map((positions): Size => [positions, 3, 16]),
  [2, 2, 1030],
  [64, 40, 16],
];
const many: Size = [70, 67, 16];

// Whole and half numbers, so that maxima come more than once.
const coarse = floatsWithEdges(200_000, 1).map((value) => Math.round(value * 2) / 2);
const xs = floatsWithEdges(200_000, 2, [0, -0, 1, -1, 4]);
const upstream = randomFloats(200_000, 3);
const factors = randomFloats(200_000, 4);
const perChannel = randomFloats(1030, 5).map((value, c) => (c % 7 === 3 ? 0 : value));
const spreads = perChannel.map((value) => 1.5 + value);

/** Fresh outputs of these sizes, filled by one call. */
function outputs(lengths: Readonly<Record<string, number>>, write: (made: Float32Array[]) => void): Outputs {
  const names = Object.keys(lengths);
  const filled = (made: Float32Array[]): Float32Array[] => {
    if (made.length === names.length) {
      write(made);
      return [];
    }
    let others: Float32Array[] = [];
    const own = guardedOutput(lengths[names[made.length]], (output) => {
      others = filled([...made, output]);
    });
    return [own, ...others];
  };
  const values = filled([]);
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

const poolSizes = ([p, n, c]: Size, withChannels: boolean): Record<string, number> => ({
  ...{ mean: n * c, greatest: n * c, place: n * c },
  ...(withChannels ? { ofChannels: 2 * p * n, channel: p * n } : {}),
});

const mapPools =
  (scaled: boolean, withChannels: boolean, x = coarse) =>
  (size: Size): Call =>
  () =>
    outputs(poolSizes(size, withChannels), ([mean, greatest, place, ofChannels = null, channel = null]) => {
      const affine = scaled ? { scale: perChannel, shift: spreads } : { scale: null, shift: null };
      addon.mapPools({ ...fieldsOf(size), x, ...affine, mean, greatest, place, ofChannels, channel });
    });

const mapPoolsBackward =
  (normalised: boolean, withChannels: boolean) =>
  (size: Size): Call =>
  () => {
    const [p, n, c] = size;
    const pools = mapPools(normalised, withChannels)(size)() as Record<string, Float32Array>;
    const sums = normalised ? { dgamma: c, dbeta: c } : {};
    return outputs({ dx: p * n * c, ...sums }, ([dx, dgamma = null, dbeta = null]) => {
      const norm = normalised
        ? { mu: spreads, inverseDeviation: spreads, gamma: perChannel }
        : { mu: null, inverseDeviation: null, gamma: null };
      const { mean, greatest, place, channel = null } = pools;
      addon.mapPoolsBackward({
        ...{ ...fieldsOf(size), x: coarse, ...norm, mean, greatest, place },
        ...{ dmean: upstream, dgreatest: upstream.subarray(n * c) },
        ...{ channel, dOfChannels: withChannels ? factors : null, dx, dgamma, dbeta },
      });
    });
  };

const mapProjection =
  (scaled: boolean, k: number) =>
  (size: Size): Call =>
  () => {
    const [p, n, c] = size;
    return outputs({ mean: n * c, y: p * n * k }, ([mean, y]) => {
      const affine = scaled ? { scale: perChannel, shift: spreads } : { scale: null, shift: null };
      addon.mapProjection({ ...fieldsOf(size), outputs: k, x: xs, ...affine, filter: factors, mean, y });
    });
  };

const mapProjectionBackward =
  (normalised: boolean, k: number) =>
  (size: Size): Call =>
  () => {
    const [p, n, c] = size;
    const { mean } = mapProjection(normalised, k)(size)() as { mean: Float32Array };
    const sums = normalised ? { dgamma: c, dbeta: c } : {};
    return outputs({ dx: p * n * c, dw: c * k, ...sums }, ([dx, dw, dgamma = null, dbeta = null]) => {
      const norm = normalised
        ? { mu: spreads, inverseDeviation: spreads, gamma: perChannel, beta: perChannel }
        : { mu: null, inverseDeviation: null, gamma: null, beta: null };
      addon.mapProjectionBackward({
        ...{ ...fieldsOf(size), outputs: k, x: xs, ...norm, filter: factors, mean },
        ...{ dmean: upstream, dy: upstream.subarray(n * c), dx, dfilter: dw, dgamma, dbeta },
      });
    });
  };

const factoredGate =
  (form: FactoredGate['form']) =>
  (size: Size): Call =>
  () =>
    outputs({ y: size[0] * size[1] * size[2] }, ([y]) => {
      addon.factoredGate({
        ...{ ...fieldsOf(size), form, x: xs, ofPositions: factors, ofChannels: upstream, y },
      });
    });

const factoredGateBackward =
  (form: FactoredGate['form'], inPlace = false) =>
  (size: Size): Call =>
  () => {
    const [p, n, c] = size;
    return outputs({ dx: p * n * c, dp: p * n, dc: n * c }, ([dx, dp, dc]) => {
      if (inPlace) dx.set(coarse.subarray(0, p * n * c));
      addon.factoredGateBackward({
        ...{ ...fieldsOf(size), form, dy: inPlace ? dx : coarse, x: xs },
        ...{ ofPositions: factors, ofChannels: upstream, dx, dOfPositions: dp, dOfChannels: dc },
      });
    });
  };

const gateParameters = (c: number): { weights: Float32Array; biases: Float32Array } => ({
  weights: randomFloats(3 * c, 6),
  biases: randomFloats(3 * c, 7),
});
const decoratorGate =
  () =>
  ([, n, c]: Size): Call =>
  () =>
    outputs({ y: n * c }, ([y]) => {
      addon.decoratorGate({ images: n, channels: c, pools: upstream, ...gateParameters(c), y });
    });

const decoratorGateBackward =
  () =>
  ([, n, c]: Size): Call =>
  () =>
    outputs({ dpools: 2 * n * c, dweights: 3 * c, dbiases: 3 * c }, ([dpools, dweights, dbiases]) => {
      addon.decoratorGateBackward({
        ...{ images: n, channels: c, dy: factors, pools: upstream, ...gateParameters(c) },
        ...{ dpools, dweights, dbiases },
      });
    });

const sigmoid =
  () =>
  ([p, n, c]: Size): Call =>
  () =>
    outputs({ y: p * n * c }, ([y]) => {
      addon.sigmoid({ size: p * n * c, x: xs, y });
    });

const sigmoidBackward =
  () =>
  ([p, n, c]: Size): Call =>
  () =>
    outputs({ dx: p * n * c }, ([dx]) => {
      addon.sigmoidBackward({ size: p * n * c, dy: upstream, y: factors, dx });
    });

const cases: readonly { family: string; variant?: string; call: (size: Size) => Call }[] = [
  ...[false, true].flatMap((first) =>
    [false, true].flatMap((withChannels) => {
      const variant = `${first ? 'normalised' : 'plain'}${withChannels ? ', channels too' : ''}`;
      return [
        { family: 'mapPools', variant, call: mapPools(first, withChannels) },
        { family: 'mapPoolsBackward', variant, call: mapPoolsBackward(first, withChannels) },
      ];
    }),
  ),
  ...[false, true].flatMap((first) =>
    [1, 2, 5].flatMap((k) => {
      const variant = `${first ? 'normalised' : 'plain'} to ${k}`;
      return [
        { family: 'mapProjection', variant, call: mapProjection(first, k) },
        { family: 'mapProjectionBackward', variant, call: mapProjectionBackward(first, k) },
      ];
    }),
  ),
  ...(['product', 'excitation'] as const).flatMap((form) => [
    { family: 'factoredGate', variant: `form ${form}`, call: factoredGate(form) },
    { family: 'factoredGateBackward', variant: `form ${form}`, call: factoredGateBackward(form) },
    {
      family: 'factoredGateBackward',
      variant: `form ${form}, in place`,
      call: factoredGateBackward(form, true),
    },
  ]),
  { family: 'decoratorGate', call: decoratorGate() },
  { family: 'decoratorGateBackward', call: decoratorGateBackward() },
  { family: 'sigmoid', call: sigmoid() },
  { family: 'sigmoidBackward', call: sigmoidBackward() },
];

describe.each(cases)('$family $variant', ({ family, call }) => {
  it('agrees with the reference', () => {
    for (const size of sizes) expectLikeReference(family, call(size), 5e-6, size.join(' × '));
  });

  it('gives the same bits on any number of threads', () => {
    expectSameOnAnyThreads(family, call(many));
  });
});

describe('mapPools', () => {
  it('is the plain loops, with the first of equal maxima', () => {
    const [p, n, c] = [9, 3, 5];
    const at = (position: number, image: number, channel: number): number =>
      coarse[(position * n + image) * c + channel];
    const v = (position: number, image: number, channel: number): number =>
      Math.fround(at(position, image, channel) * perChannel[channel] + spreads[channel]);
    const each = (length: number): number[] => Array.from({ length }, (_, i) => i);
    expectDoubles('mapPools', mapPools(true, true)([p, n, c]), () => {
      const cells = each(n).flatMap((image) =>
        each(c).map((channel) => {
          const values = each(p).map((position) => v(position, image, channel));
          const place = values.indexOf(Math.max(...values));
          const mean = each(p).reduce((sum, position) => sum + at(position, image, channel), 0) / p;
          return { mean, place, greatest: at(place, image, channel) };
        }),
      );
      const rows = each(p).flatMap((position) =>
        each(n).map((image) => {
          const values = each(c).map((channel) => v(position, image, channel));
          const most = Math.max(...values);
          return { both: [most, values.reduce((a, b) => a + b) / c], channel: values.indexOf(most) };
        }),
      );
      return {
        mean: cells.map(({ mean }) => mean),
        greatest: cells.map(({ greatest }) => greatest),
        place: cells.map(({ place }) => place),
        ofChannels: rows.flatMap(({ both }) => both),
        channel: rows.map(({ channel }) => channel),
      };
    });
  });

  it('refuses places that are none of the map', () => {
    const few = new Float32Array(4);
    expect(() =>
      addon.mapPoolsBackward({
        ...{ positions: 2, images: 2, channels: 2, x: new Float32Array(8), mean: few, greatest: few },
        ...{ mu: null, inverseDeviation: null, gamma: null, place: Float32Array.of(0, 1, 2, 0) },
        ...{ dmean: few, dgreatest: few, channel: null, dOfChannels: null },
        ...{ dx: new Float32Array(8), dgamma: null, dbeta: null },
      }),
    ).toThrow("mapPoolsBackward: 'place' must be of whole numbers from 0 to below positions");
  });
});

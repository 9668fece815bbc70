import { afterEach, describe, expect, it } from 'vitest';
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
      const affine = scaled ? [perChannel, spreads] : [null, null];
      addon.mapPools(...size, x, ...affine, mean, greatest, place, ofChannels, channel);
    });

const mapPoolsBackward =
  (normalised: boolean, withChannels: boolean) =>
  (size: Size): Call =>
  () => {
    const [p, n, c] = size;
    const pools = mapPools(normalised, withChannels)(size)() as Record<string, Float32Array>;
    const sums = normalised ? { dgamma: c, dbeta: c } : {};
    return outputs({ dx: p * n * c, ...sums }, ([dx, dgamma = null, dbeta = null]) => {
      const norm = normalised ? [spreads, spreads, perChannel] : [null, null, null];
      const { mean, greatest, place, channel = null } = pools;
      const row = withChannels ? factors : null;
      const dgreatest = upstream.subarray(n * c);
      addon.mapPoolsBackward(
        ...[...size, coarse, ...norm, mean, greatest, place],
        ...[upstream, dgreatest, channel, row, dx, dgamma, dbeta],
      );
    });
  };

const mapProjection =
  (scaled: boolean, k: number) =>
  (size: Size): Call =>
  () => {
    const [p, n, c] = size;
    return outputs({ mean: n * c, y: p * n * k }, (made) => {
      const affine = scaled ? [perChannel, spreads] : [null, null];
      addon.mapProjection(...size, k, xs, ...affine, factors, ...made);
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
      const norm = normalised ? [spreads, spreads, perChannel, perChannel] : [null, null, null, null];
      const dy = upstream.subarray(n * c);
      addon.mapProjectionBackward(
        ...[...size, k, xs, ...norm, factors, mean],
        ...[upstream, dy, dx, dw, dgamma, dbeta],
      );
    });
  };

const factoredGate =
  (form: number) =>
  (size: Size): Call =>
  () =>
    outputs({ y: size[0] * size[1] * size[2] }, ([y]) => {
      addon.factoredGate(...size, form, xs, factors, upstream, y);
    });

const factoredGateBackward =
  (form: number, inPlace = false) =>
  (size: Size): Call =>
  () => {
    const [p, n, c] = size;
    return outputs({ dx: p * n * c, dp: p * n, dc: n * c }, ([dx, dp, dc]) => {
      if (inPlace) dx.set(coarse.subarray(0, p * n * c));
      addon.factoredGateBackward(...size, form, inPlace ? dx : coarse, xs, factors, upstream, dx, dp, dc);
    });
  };

const gateParameters = (c: number): [Float32Array, Float32Array] => [
  randomFloats(3 * c, 6),
  randomFloats(3 * c, 7),
];
const decoratorGate =
  () =>
  ([, n, c]: Size): Call =>
  () =>
    outputs({ y: n * c }, ([y]) => {
      addon.decoratorGate(n, c, upstream, ...gateParameters(c), y);
    });

const decoratorGateBackward =
  () =>
  ([, n, c]: Size): Call =>
  () =>
    outputs({ dpools: 2 * n * c, dweights: 3 * c, dbiases: 3 * c }, (made) => {
      addon.decoratorGateBackward(n, c, factors, upstream, ...gateParameters(c), ...made);
    });

const sigmoid =
  () =>
  ([p, n, c]: Size): Call =>
  () =>
    outputs({ y: p * n * c }, ([y]) => {
      addon.sigmoid(p * n * c, xs, y);
    });

const sigmoidBackward =
  () =>
  ([p, n, c]: Size): Call =>
  () =>
    outputs({ dx: p * n * c }, ([dx]) => {
      addon.sigmoidBackward(p * n * c, upstream, factors, dx);
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
  ...[0, 1].flatMap((form) => [
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
      addon.mapPoolsBackward(
        ...[2, 2, 2, new Float32Array(8), null, null, null, few, few, Float32Array.of(0, 1, 2, 0)],
        ...[few, few, null, null, new Float32Array(8), null, null],
      ),
    ).toThrow("mapPoolsBackward: argument 'place' must be positions of the map");
  });
});

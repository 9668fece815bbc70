import { afterEach, expect, it } from 'vitest';
import {
  addon,
  type Call,
  expectDoubles,
  expectLikeReference,
  expectSameOnAnyThreads,
  floatsWithEdges,
  restoreAddon,
  runOn,
  vectorSets,
} from './kernel-runs.js';
import { guardedOutput } from './shapes.js';

afterEach(restoreAddon);

const xs = floatsWithEdges(200_000, 1);

const unitMaps =
  (samples: number, pixels: number, channels: number, channelsFirst: boolean, x = xs): Call =>
  () => ({
    y: guardedOutput(samples * pixels * channels, (y) =>
      addon.unitMaps({ samples, pixels, channels, channelsFirst, x, y }),
    ),
  });

const shapes = [
  [1, 1, 1],
  [3, 7, 5],
  [2, 8, 8],
  [2, 9, 17],
  [1, 1, 40],
  [4, 64, 64],
  [5, 1024, 16],
] as const;

it.each(shapes)(
  '%i maps of %i pixels and %i channels agree with the reference',
  (samples, pixels, channels) => {
    for (const channelsFirst of [true, false])
      expectLikeReference(
        'unitMaps',
        unitMaps(samples, pixels, channels, channelsFirst),
        1e-6,
        String(channelsFirst),
      );
  },
);

it.each([true, false])('matches plain doubles, channels first %s', (channelsFirst) => {
  const [samples, pixels, channels] = [3, 10, 9];
  const size = pixels * channels;
  expectDoubles('unitMaps', unitMaps(samples, pixels, channels, channelsFirst), () => ({
    y: Array.from({ length: samples * size }, (_, at) => {
      const sample = Math.floor(at / size);
      const [pixel, channel] = [Math.floor((at % size) / channels), at % channels];
      const x = xs.subarray(sample * size, (sample + 1) * size);
      const squares = x.reduce((sum, value) => sum + value * value, 0);
      return (
        x[channelsFirst ? channel * pixels + pixel : pixel * channels + channel] * Math.sqrt(size / squares)
      );
    }),
  }));
});

it('gives the same bits on any number of threads', () => {
  expectSameOnAnyThreads('unitMaps', unitMaps(7, 64, 24, true));
});

it.each(['reference', ...vectorSets('unitMaps')])('leaves maps of zeros as they are on %s', (isa) => {
  const { y } = runOn(isa, unitMaps(2, 9, 8, true, new Float32Array(144)));
  expect([...y]).toEqual(new Array(144).fill(0));
});

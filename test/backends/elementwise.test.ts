import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { useTestBackend } from '../backends.js';
import { randomFloats } from '../native/shapes.js';

const operations = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
};

const shapes: readonly [number[], number[]][] = [
  [[6], [6]],
  [
    [4, 3],
    [4, 3],
  ],
  [[4, 3], []],
  [[4, 3], [1]],
  [
    [4, 3],
    [1, 1],
  ],
  [[4, 3], [3]],
  [
    [4, 3],
    [1, 3],
  ],
  [
    [4, 3],
    [4, 1],
  ],
  [
    [2, 5, 3],
    [2, 5, 1],
  ],
  [
    [1, 4, 3],
    [4, 1, 1],
  ],
  [
    [2, 4, 3],
    [4, 1],
  ],
  [
    [2, 4, 3],
    [2, 1, 3],
  ],
  [
    [1, 3],
    [4, 1],
  ],
  [
    [3, 1],
    [3, 1],
  ],
];

afterAll(() => useTestBackend('native'));

describe.each(Object.entries(operations))(
  '%s of the native backend broadcasts as the stock one',
  (_, run) => {
    it.each(shapes.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]))(
      '%j and %j',
      async (left, right) => {
        const results = [];
        for (const backend of ['cpu', 'native'] as const) {
          await useTestBackend(backend);
          results.push(
            tf.tidy(() => {
              const [a, b] = [left, right].map((shape, i) =>
                tf.tensor(randomFloats(tf.util.sizeFromShape([...shape]), i + 1), [...shape]),
              );
              const y = run(a, b);
              return { shape: y.shape, values: [...y.dataSync()] };
            }),
          );
        }
        expect(results[1]).toEqual(results[0]);
      },
    );
  },
);

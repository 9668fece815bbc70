/** The position-major operations as plain loops in float64, with their gradients. Arrays are row by row. */
import { type ConvShape, filterSize, forEachTap, inputSize, outputSize } from '../native/shapes.js';

type Values = ArrayLike<number>;

const zeros = (count: number): number[] => new Array<number>(count).fill(0);
export const map = (values: Values, f: (value: number, i: number) => number): number[] =>
  Array.from(values, f);

export const signOf = (value: number): number => (value >= 0 ? 1 : -1);

/** y += x·w for each tap that joins two positions. */
export function convolve(s: ConvShape, x: Values, w: Values): number[] {
  const y = zeros(outputSize(s));
  eachProduct(s, (from, weight, to) => (y[to] += x[from] * w[weight]));
  return y;
}

export function convolveGradients(
  s: ConvShape,
  x: Values,
  w: Values,
  dy: Values,
): { dx: number[]; dw: number[] } {
  const dx = zeros(inputSize(s));
  const dw = zeros(filterSize(s));
  eachProduct(s, (from, weight, to) => {
    dx[from] += dy[to] * w[weight];
    dw[weight] += dy[to] * x[from];
  });
  return { dx, dw };
}

function eachProduct(s: ConvShape, body: (from: number, weight: number, to: number) => void): void {
  forEachTap(s, (tap, source, position) => {
    for (let image = 0; image < s.n; image++)
      for (let c = 0; c < s.c; c++)
        for (let k = 0; k < s.k; k++)
          body(
            (source * s.n + image) * s.c + c,
            (tap * s.c + c) * s.k + k,
            (position * s.n + image) * s.k + k,
          );
  });
}

/** The mean magnitude of the weights of each output channel. */
export function meanMagnitudes(w: Values, k: number): number[] {
  const sums = zeros(k);
  for (let i = 0; i < w.length; i++) sums[i % k] += Math.abs(w[i]) / (w.length / k);
  return sums;
}

/** Pools each window with `combine`, whose `inside` are the indices of its elements in x. */
export function pool(s: ConvShape, combine: (inside: number[], to: number) => void): void {
  const windows = Array.from({ length: s.outH * s.outW }, (): number[] => []);
  forEachTap(s, (_, source, position) => windows[position].push(source));
  windows.forEach((sources, position) => {
    for (let i = 0; i < s.n * s.c; i++)
      combine(
        sources.map((source) => source * s.n * s.c + i),
        position * s.n * s.c + i,
      );
  });
}

export function averagePoolPlain(
  s: ConvShape,
  countPadding: boolean,
  x: Values,
  dy: Values,
): { y: number[]; dx: number[] } {
  const y = zeros(dy.length);
  const dx = zeros(x.length);
  pool(s, (inside, to) => {
    const divisor = countPadding ? s.kernelH * s.kernelW : inside.length;
    for (const from of inside) {
      y[to] += x[from] / divisor;
      dx[from] += dy[to] / divisor;
    }
  });
  return { y, dx };
}

/** The gradient goes to the first of the largest values. */
export function maxPoolPlain(s: ConvShape, x: Values, dy: Values): { y: number[]; dx: number[] } {
  const y = zeros(dy.length);
  const dx = zeros(x.length);
  pool(s, (inside, to) => {
    y[to] = Math.max(...inside.map((from) => x[from]));
    dx[inside.find((from) => x[from] === y[to])!] += dy[to];
  });
  return { y, dx };
}

export interface PlainNorm {
  readonly mean: Values;
  readonly variance: Values;
  readonly gamma: Values;
  readonly beta: Values;
  readonly epsilon: number;
}

/** Mean and biased variance of each of `channels` innermost channels. */
export function statisticsOf(x: Values, channels: number): { mean: number[]; variance: number[] } {
  const rows = x.length / channels;
  const mean = zeros(channels);
  for (let i = 0; i < x.length; i++) mean[i % channels] += x[i] / rows;
  const variance = zeros(channels);
  for (let i = 0; i < x.length; i++) variance[i % channels] += (x[i] - mean[i % channels]) ** 2 / rows;
  return { mean, variance };
}

export function normalise(x: Values, { mean, variance, gamma, beta, epsilon }: PlainNorm): number[] {
  const channels = mean.length;
  return map(x, (value, i) => {
    const c = i % channels;
    return (gamma[c] * (value - mean[c])) / Math.sqrt(variance[c] + epsilon) + beta[c];
  });
}

/** The gradients of {@link normalise} to x, γ and β, with mean and variance as functions of x. */
export function normaliseGradients(
  x: Values,
  { mean, variance, gamma, epsilon }: PlainNorm,
  dy: Values,
): { dx: number[]; dgamma: number[]; dbeta: number[] } {
  const channels = mean.length;
  const rows = x.length / channels;
  const inverse = map(variance, (value) => 1 / Math.sqrt(value + epsilon));
  const centred = map(x, (value, i) => (value - mean[i % channels]) * inverse[i % channels]);
  const dgamma = zeros(channels);
  const dbeta = zeros(channels);
  for (let i = 0; i < x.length; i++) {
    dgamma[i % channels] += dy[i] * centred[i];
    dbeta[i % channels] += dy[i];
  }
  const dx = map(x, (_, i) => {
    const c = i % channels;
    return gamma[c] * inverse[c] * (dy[i] - dbeta[c] / rows - (centred[i] * dgamma[c]) / rows);
  });
  return { dx, dgamma, dbeta };
}

export function preluPlain(
  v: Values,
  slope: Values,
  dy: Values,
): { y: number[]; dv: number[]; dslope: number[] } {
  const channels = slope.length;
  const dslope = zeros(channels);
  for (let i = 0; i < v.length; i++) if (!(v[i] > 0)) dslope[i % channels] += dy[i] * v[i];
  return {
    y: map(v, (value, i) => (value > 0 ? value : slope[i % channels] * value)),
    dv: map(dy, (value, i) => (v[i] > 0 ? value : slope[i % channels] * value)),
    dslope,
  };
}

/** Shapes and a reader of packed signs that the tests of convolutions with binary operands share. */
import { convShape, type ConvOptions } from './shapes.js';

/** The sign that bit `channel` of a packed row stands for. */
export const signAt = (bits: Uint32Array, row: number, channels: number, channel: number): number =>
  (bits[row * Math.ceil(channels / 32) + (channel >> 5)] >>> (channel & 31)) & 1 ? 1 : -1;

/** Shapes small enough for the definition in plain loops. */
export const small = (
  [
    { h: 1, n: 1, c: 1, k: 1, kernel: 1 },
    { h: 4, n: 2, c: 3, k: 5, kernel: 3, pad: 1 },
    { h: 5, w: 3, n: 3, c: 9, k: 17, kernel: [3, 2], stride: [1, 2], pad: [1, 0] },
    { h: 6, n: 3, c: 33, k: 3, kernel: 3, stride: 2, pad: 1 },
    { h: 2, n: 2, c: 3, k: 34, kernel: 5, pad: 2 },
    { h: 4, n: 9, c: 20, k: 20, kernel: 1, stride: 3, pad: 2 },
    { h: 4, n: 3, c: 6, k: 8, kernel: 3, pad: 1, groups: 2 },
    { h: 5, n: 9, c: 70, k: 20, kernel: 3, pad: 1, stride: 2, groups: 5 },
    { h: 3, n: 2, c: 5, k: 5, kernel: 3, pad: 1, groups: 5 },
  ] satisfies ConvOptions[]
).map(convShape);

/** The network's own shapes at a few images, and corners of tiles: of channels, images, rows and columns. */
export const corners = (
  [
    { h: 8, n: 16, c: 64, k: 64, kernel: 3, pad: 1 },
    { h: 4, n: 17, c: 128, k: 128, kernel: 3, pad: 1 },
    { h: 3, n: 4, c: 256, k: 300, kernel: 3, pad: 1 },
    { h: 2, n: 3, c: 600, k: 130, kernel: 3, pad: 1 },
    { h: 2, n: 3, c: 130, k: 600, kernel: 3, pad: 1 },
    { h: 2, n: 2, c: 600, k: 600, kernel: 3, pad: 1 },
    { h: 16, n: 17, c: 16, k: 16, kernel: 3, pad: 1 },
    { h: 17, w: 33, n: 2, c: 16, k: 32, kernel: 3, pad: 1, stride: 2 },
    { h: 9, n: 65, c: 8, k: 8, kernel: 3, pad: 1 },
    { h: 2, n: 130, c: 33, k: 31, kernel: 3, pad: 1 },
    { h: 8, n: 5, c: 64, k: 128, kernel: 1, stride: 2 },
    { h: 3, n: 7, c: 65, k: 63, kernel: 1 },
    { h: 2, n: 2, c: 3, k: 4, kernel: 5 },
    { h: 3, n: 2, c: 2, k: 4, kernel: 1, pad: 2 },
    { h: 10, n: 3, c: 17, k: 15, kernel: [1, 7], pad: [0, 3] },
    { h: 11, n: 3, c: 17, k: 16, kernel: [7, 1], stride: [2, 1], pad: [3, 0] },
    { h: 11, n: 3, c: 5, k: 16, kernel: 7, stride: 3, pad: 3 },
    { h: 2, n: 1, c: 1400, k: 3, kernel: 7, pad: 3 },
    { h: 9, n: 33, c: 16, k: 16, kernel: 3, pad: 1, groups: 2 },
    { h: 9, n: 33, c: 16, k: 32, kernel: 3, pad: 1, stride: 2, groups: 4 },
    { h: 5, n: 17, c: 64, k: 64, kernel: 3, pad: 1, groups: 2 },
    { h: 5, n: 17, c: 64, k: 128, kernel: 3, pad: 1, stride: 2, groups: 4 },
    { h: 3, n: 9, c: 256, k: 512, kernel: 3, pad: 1, groups: 2 },
    { h: 3, n: 9, c: 256, k: 256, kernel: 3, pad: 1, groups: 8 },
    { h: 3, n: 9, c: 192, k: 192, kernel: 3, pad: 1, groups: 2 },
    { h: 4, n: 18, c: 96, k: 160, kernel: 3, pad: 1, groups: 2 },
    { h: 4, n: 17, c: 60, k: 84, kernel: 3, pad: 1, groups: 3 },
    { h: 4, n: 17, c: 52, k: 26, kernel: 3, pad: 1, groups: 13 },
    { h: 4, n: 130, c: 40, k: 72, kernel: [3, 2], pad: [1, 0], groups: 2 },
  ] satisfies ConvOptions[]
).map(convShape);

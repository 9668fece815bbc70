/** Blocks and attentions in stock operations, written from their formulas; position-major maps. */
import * as tf from '@tensorflow/tfjs-core';
import { type BinaryOperands, hasBinaryActivations, hasBinaryWeights } from '../../src/nn/binary-operands.js';

export type Named = ReadonlyMap<string, tf.Tensor>;

type Sign = <T extends tf.Tensor>(x: T) => T;

/** sign with a slope in place of its own. */
const signWith = (slope: (v: tf.Tensor) => tf.Tensor): Sign =>
  tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor, (tensors: tf.Tensor[]) => void];
    save([x]);
    return {
      value: tf.sub(tf.mul(tf.cast(tf.greaterEqual(x, 0), 'float32'), 2), 1),
      gradFunc: (dy: tf.Tensor, [v]: tf.Tensor[]) => tf.mul(dy, slope(v)),
    };
  }) as unknown as Sign;

/** sign with the straight-through estimator. */
export const sign = signWith((v) => tf.cast(tf.lessEqual(tf.abs(v), 1), 'float32'));

/** sign whose slope is 2 − 2|v| where |v| ≤ 1. */
export const approximateSign = signWith((v) => tf.relu(tf.sub(2, tf.mul(2, tf.abs(v)))));

/** mean |latent| of each output channel, a constant of the backward pass. */
function scaleOf(latent: tf.Tensor): tf.Tensor1D {
  const allButLast = Array.from({ length: latent.rank - 1 }, (_, axis) => axis);
  return tf.tensor1d(tf.mean(tf.abs(latent), allButLast).dataSync());
}

/** sign(latent) · mean |latent| of each output channel. */
export function binaryWeights<T extends tf.Tensor>(latent: T): T {
  return tf.mul<T>(sign(latent), scaleOf(latent));
}

/** The filter of one convolution that a filter of several groups stands for: 0 between the groups. */
export function wholeFilter(w: tf.Tensor4D, groups: number): tf.Tensor4D {
  const [, , seen, outputs] = w.shape;
  const joined = tf.tensor2d(
    Array.from({ length: groups * seen }, (_, c) =>
      Array.from({ length: outputs }, (_unused, k) =>
        Math.floor(c / seen) === Math.floor((k * groups) / outputs) ? 1 : 0,
      ),
    ),
  );
  return tf.mul<tf.Tensor4D>(tf.tile(w, [1, 1, groups, 1]), joined);
}

/** The maximum along an axis. Its gradient goes to the first of equal ones, of which a pooling of whole sums has many. */
function firstMax<T extends tf.Tensor>(x: tf.Tensor, axis: number): T {
  const at = tf.oneHot(tf.cast(tf.argMax(x, axis), 'int32'), x.shape[axis]);
  const axes = Array.from({ length: x.rank - 1 }, (_, i) => i);
  const taken = tf.transpose(at, [...axes.slice(0, axis), x.rank - 1, ...axes.slice(axis)]);
  return tf.sum<T>(tf.mul(x, taken), axis);
}

export class PlainBlock {
  constructor(
    private readonly named: Named,
    private readonly stride: number,
  ) {}

  at<T extends tf.Tensor>(name: string): T {
    const found = this.named.get(name);
    if (!found) throw new Error(`no ${name} among ${[...this.named.keys()].join(', ')}`);
    return found as T;
  }

  conv(x: tf.Tensor4D, w: tf.Tensor4D, stride: number): tf.Tensor4D {
    const pad = (w.shape[0] - 1) / 2;
    const padded = tf.pad<tf.Tensor4D>(tf.transpose(x, [2, 0, 1, 3]), [
      [0, 0],
      [pad, pad],
      [pad, pad],
      [0, 0],
    ]);
    return tf.transpose(tf.conv2d(padded, w, stride, 'valid'), [1, 2, 0, 3]);
  }

  binaryConv(x: tf.Tensor4D, name: string, stride = this.stride): tf.Tensor4D {
    const latent = this.at<tf.Tensor4D>(`${name}.latent`);
    // Scaled after the sum, which is a whole number: a PReLU that follows bends at 0.
    const groups = x.shape[3] / latent.shape[2];
    return tf.mul(this.conv(x, wholeFilter(sign(latent), groups), stride), scaleOf(latent));
  }

  norm(x: tf.Tensor4D, name: string): tf.Tensor4D {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const centred = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
    return tf.add(tf.mul(centred, this.at(`${name}.gamma`)), this.at(`${name}.beta`));
  }

  prelu(x: tf.Tensor4D): tf.Tensor4D {
    return tf.add(tf.relu(x), tf.mul(tf.minimum(x, 0), this.at('prelu.slope')));
  }

  /** Averages over 2×2 windows; the last one counts the positions that are there. */
  halved(x: tf.Tensor4D): tf.Tensor4D {
    const [h, w] = x.shape;
    const rows = Array.from({ length: Math.ceil(h / 2) }, (_, i) => {
      const columns = Array.from({ length: Math.ceil(w / 2) }, (_unused, j) =>
        tf.mean(
          tf.slice(x, [2 * i, 2 * j, 0, 0], [Math.min(2, h - 2 * i), Math.min(2, w - 2 * j), -1, -1]),
          [0, 1],
          true,
        ),
      );
      return tf.concat(columns, 1);
    });
    return tf.concat(rows, 0) as tf.Tensor4D;
  }

  /** Averages over the 3×3 window around each position, counting the positions inside the map. */
  smoothed(x: tf.Tensor4D): tf.Tensor4D {
    const [h, w] = x.shape;
    const around = (at: number, length: number): [number, number] => {
      const first = Math.max(0, at - 1);
      return [first, Math.min(length - 1, at + 1) - first + 1];
    };
    const rows = Array.from({ length: h }, (_, i) => {
      const columns = Array.from({ length: w }, (_unused, j) => {
        const [[top, height], [left, width]] = [around(i, h), around(j, w)];
        return tf.mean(tf.slice(x, [top, left, 0, 0], [height, width, -1, -1]), [0, 1], true);
      });
      return tf.concat(columns, 1);
    });
    return tf.concat(rows, 0) as tf.Tensor4D;
  }

  strided(x: tf.Tensor4D): tf.Tensor4D {
    return this.stride === 1 ? x : this.halved(x);
  }

  shortcut(x: tf.Tensor4D, version: string): tf.Tensor4D {
    if (!this.named.has('shortcut.conv.filter')) return x;
    const filter = this.at<tf.Tensor4D>('shortcut.conv.filter');
    if (this.stride === 1) return this.norm(this.conv(x, filter, 1), 'shortcut.bn');
    if (version === 'v2') return this.norm(this.conv(this.halved(x), filter, 1), 'shortcut.bn');
    return this.halved(this.norm(this.conv(x, filter, 1), 'shortcut.bn'));
  }

  /** The factor of the convolution's output, from the real-valued map before the sign. */
  attention(kind: string, v: tf.Tensor4D): tf.Tensor {
    const mean = tf.mean<tf.Tensor2D>(v, [0, 1]);
    const [h, w, n, c] = v.shape;
    const greatest = firstMax<tf.Tensor2D>(tf.reshape(v, [h * w, n, c]), 0);
    const dense = (x: tf.Tensor2D, name: string): tf.Tensor2D =>
      tf.matMul(x, this.at(`attention.${name}.weight`));
    const mlp = (x: tf.Tensor2D): tf.Tensor2D => dense(tf.relu(dense(x, 'fc1')), 'fc2');
    switch (kind) {
      case 'none':
        return tf.scalar(1);
      case 'se':
      case 'gate':
        return tf.sigmoid(mlp(mean));
      case 'cgd': {
        const has = this.named.has('attention.conv.weight');
        const [a, b] = has ? [dense(mean, 'conv'), dense(greatest, 'conv')] : [mean, greatest];
        const s = tf.softmax(a);
        const p = (name: string): tf.Tensor => this.at(`attention.${name}`);
        const u = tf.tanh(tf.add(tf.mul(tf.mul(a, p('weight0')), s), p('bias0')));
        const w = tf.tanh(tf.add(tf.mul(tf.mul(b, p('weight1')), s), p('bias1')));
        return tf.add(1, tf.tanh(tf.add(tf.mul(tf.mul(w, p('weight2')), u), p('bias2'))));
      }
      case 'cbam': {
        const channels = tf.sigmoid(tf.add(mlp(mean), mlp(greatest)));
        const pair = tf.concat<tf.Tensor4D>([tf.expandDims(firstMax(v, 3), 3), tf.mean(v, 3, true)], 3);
        const positions = tf.sigmoid(
          this.norm(this.conv(pair, this.at('attention.conv.filter'), 1), 'attention.bn'),
        );
        return tf.mul(this.strided(positions), channels);
      }
      case 'bam': {
        const filter = (i: number): tf.Tensor4D => this.at(`attention.conv${i}.filter`);
        let x = tf.relu(this.norm(this.conv(v, filter(0), 1), 'attention.bn0'));
        for (const i of [1, 2]) x = tf.relu(this.norm(this.dilated(x, filter(i), 4), `attention.bn${i}`));
        const positions = this.strided(this.conv(x, filter(3), 1));
        return tf.add(1, tf.sigmoid(tf.mul(positions, mlp(mean))));
      }
      default:
        throw new Error(kind);
    }
  }

  /** A 3×3 convolution with this distance between its taps, tap by tap. */
  private dilated(x: tf.Tensor4D, w: tf.Tensor4D, distance: number): tf.Tensor4D {
    const [height, width, n, c] = x.shape;
    const padded = tf.pad(x, [
      [distance, distance],
      [distance, distance],
      [0, 0],
      [0, 0],
    ]);
    const taps = Array.from({ length: 9 }, (_, tap) => {
      const [row, column] = [Math.floor(tap / 3), tap % 3];
      const part = tf.slice(padded, [row * distance, column * distance, 0, 0], [height, width, n, c]);
      const of = tf.reshape<tf.Rank.R2>(tf.slice(w, [row, column, 0, 0], [1, 1, -1, -1]), [c, -1]);
      return tf.reshape(tf.matMul(tf.reshape(part, [-1, c]), of), [height, width, n, -1]);
    });
    return tf.addN(taps) as tf.Tensor4D;
  }
}

export interface PlainKind {
  readonly block: string;
  readonly attention: string;
  readonly downsample: string;
}

/** A block with a skip of its own. */
export function plainBlock(
  p: PlainBlock,
  x: tf.Tensor4D,
  { block, attention, downsample }: PlainKind,
): tf.Tensor4D {
  const shortcut = p.shortcut(x, downsample);
  const convolved = (v: tf.Tensor4D): tf.Tensor4D =>
    tf.mul(p.binaryConv(sign(v), 'conv'), attention === 'none' ? 1 : p.attention(attention, v));
  switch (block) {
    case 'binary':
      return p.prelu(tf.add(convolved(p.norm(x, 'bn')), shortcut));
    case 'realToBinary':
      return tf.add(p.prelu(convolved(p.norm(x, 'bn'))), shortcut);
    case 'biReal':
      return tf.add(p.norm(convolved(x), 'bn'), shortcut);
    case 'reActNet': {
      const shifted = tf.add<tf.Tensor4D>(x, p.at('sign.shift'));
      const conv = tf.mul<tf.Tensor4D>(
        p.binaryConv(sign(shifted), 'conv'),
        attention === 'none' ? 1 : p.attention(attention, x),
      );
      const sum = tf.add(p.norm(conv, 'bn'), shortcut);
      return tf.add(p.prelu(tf.add(sum, p.at('prelu.before'))), p.at('prelu.after'));
    }
    default:
      throw new Error(block);
  }
}

export interface PlainBottleneckKind {
  readonly stride: number;
  readonly skip: string;
  readonly attention: string;
  readonly downsample: string;
  readonly binary: BinaryOperands;
  /** The sign of activations. */
  readonly sign: Sign;
}

/** A bottleneck: three convolutions, a skip around the second and one around all of them. */
export function plainBottleneck(
  named: Named,
  x: tf.Tensor4D,
  { stride, skip, attention, downsample, binary, sign: activationSign }: PlainBottleneckKind,
): tf.Tensor4D {
  const p = new PlainBlock(named, stride);
  const operand = (v: tf.Tensor4D): tf.Tensor4D =>
    hasBinaryActivations(binary) ? activationSign(v) : tf.clipByValue(v, -1, 1);
  const convolved = (v: tf.Tensor4D, name: string, step: number): tf.Tensor4D =>
    hasBinaryWeights(binary)
      ? p.binaryConv(operand(v), name, step)
      : p.conv(operand(v), p.at(`${name}.latent`), step);
  const a = convolved(p.norm(x, 'first.bn'), 'first.conv', stride);
  const v = p.norm(a, 'second.bn');
  const second = new Map([...named].map(([name, tensor]) => [name.replace(/^second\./, ''), tensor]));
  const factor = new PlainBlock(second, 1).attention(attention, v);
  const spatial = tf.mul<tf.Tensor4D>(convolved(v, 'second.conv', 1), factor);
  const b = skip === 'double' ? tf.add<tf.Tensor4D>(spatial, a) : spatial;
  const c = p.norm(convolved(p.norm(b, 'third.bn'), 'third.conv', 1), 'bn');
  if (!named.has('shortcut.conv.filter')) return tf.add(c, x);
  const branch = p.shortcut(x, downsample);
  return p.prelu(tf.add(c, stride === 1 ? p.smoothed(branch) : branch));
}

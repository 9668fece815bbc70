import { add, type Tensor1D, type Tensor4D, tidy, type Variable } from '@tensorflow/tfjs-core';
import { hardClamp } from '../ops/activations.js';
import { batchNormClamp } from '../ops/batch-norm.js';
import { addPrelu, prelu } from '../ops/prelu.js';
import type { ShiftedPreluParameters } from '../ops/shifted-prelu.js';
import { shiftedSign, shiftedSignInference } from '../ops/shifted-sign.js';
import {
  attentionFactory,
  type AttentionInput,
  type ChannelAttention,
  noAttention,
} from './attention/attention.js';
import { inferenceInput, normalisedInput, plainInput } from './attention/attention-input.js';
import { timesFactors } from './attention/factors.js';
import { BatchNorm } from './batch-norm.js';
import type { BinaryBlockOptions, BinaryBlockSize } from './binary-block.js';
import { BinaryConv2d } from './conv2d.js';
import type { Scope } from './parameters.js';
import { SignGradient } from './sign-gradient.js';

/** One binary convolution with its neighbours, in two parts between which the shortcut is added. */
export interface BlockOrder {
  /** From the input [H, W, N, inputs] to what the shortcut is added to; the caller's to dispose of. */
  body(x: Tensor4D, training: boolean): Tensor4D;
  /** From body and shortcut to the output, or from the body alone; the body is disposed of where it is not the output. */
  finish(body: Tensor4D, shortcut: Tensor4D | undefined, training: boolean): Tensor4D;
}

/** The orders of this package's blocks; `binary` is the default. */
export const orderNames = ['binary', 'biReal', 'reActNet', 'realToBinary'] as const;
export type OrderName = (typeof orderNames)[number];

/** Makes a block's order with its parameters in a scope. */
export function createOrder(
  name: OrderName,
  scope: Scope,
  size: BinaryBlockSize,
  options: BinaryBlockOptions,
): BlockOrder {
  switch (name) {
    case 'binary':
      return new BinaryOrder(scope, size, options);
    case 'biReal':
      return new BiRealOrder(scope, size, options);
    case 'reActNet':
      return new ReActNetOrder(scope, size, options);
    case 'realToBinary':
      return new RealToBinaryOrder(scope, size, options);
  }
}

/** The size of a binary convolution with its neighbours. */
export interface OrderSize extends BinaryBlockSize {
  /** The side of its window: odd, and padded so that only the stride changes the size; default 3. */
  readonly window?: number;
}

/** The convolution of an order and what it is multiplied with. */
class GatedConv {
  readonly conv: BinaryConv2d;
  readonly attention: ChannelAttention | undefined;
  /** As a checkpoint names the convolution. */
  readonly layer: string;

  constructor(
    scope: Scope,
    size: OrderSize,
    { binarise, attention = noAttention, groups = 1, ...batchNorm }: BinaryBlockOptions,
  ) {
    const { inputs, outputs, stride, window = 3 } = size;
    const place = scope.child('conv');
    this.layer = place.path;
    const geometry = { stride, pad: (window - 1) / 2, groups };
    this.conv = new BinaryConv2d(place, { inputs, outputs, window }, geometry, binarise);
    this.attention = attentionFactory(attention)?.(scope.child('attention'), size, batchNorm);
  }

  /** @param operand of the convolution; disposed of */
  apply(operand: Tensor4D, input: AttentionInput, training: boolean): Tensor4D {
    const convolved = this.conv.apply(operand);
    operand.dispose();
    if (!this.attention) return convolved;
    const { attention } = this;
    const y = tidy(() => timesFactors(convolved, attention.apply(input, training)));
    convolved.dispose();
    return y;
  }
}

/** BN → sign → conv (· attention); see {@link BinaryBlock} for what `binarise` makes of it. */
export class NormalisedConv {
  readonly bn: BatchNorm;
  readonly gated: GatedConv;
  private readonly isSigned: boolean;
  private readonly signGradient: SignGradient;
  private readonly activations: BinaryBlockOptions['activations'];

  constructor(scope: Scope, size: OrderSize, options: BinaryBlockOptions) {
    const { binarise = 'both', signGradient = new SignGradient(), activations } = options;
    this.bn = new BatchNorm(scope.child('bn'), size.inputs, options);
    this.gated = new GatedConv(scope, size, options);
    this.isSigned = binarise === 'both' || binarise === 'activations';
    this.signGradient = signGradient;
    this.activations = activations;
  }

  /** Shows what comes before the sign to whoever looks, of x or, with slopes, of prelu(x). */
  note(x: Tensor4D, slope?: Tensor1D): void {
    this.activations?.note(this.gated.layer, () => this.bn.look(x, slope));
  }

  /** @param x position-major [H, W, N, inputs] */
  apply(x: Tensor4D, training: boolean): Tensor4D {
    const { bn } = this;
    if (!training) {
      const operand = this.isSigned ? bn.sign(x, false) : bn.clamp(x, false);
      return this.gated.apply(operand, inferenceInput(x, bn), false);
    }
    this.note(x);
    // One and the same BatchNorm: its statistics are taken once.
    const statistics = bn.batchStatistics(x);
    const operand = this.isSigned
      ? this.signGradient.signWith(bn, x, statistics)
      : batchNormClamp(x, bn, statistics, bn.epsilon);
    const y = this.gated.apply(operand, normalisedInput(x, bn, statistics), true);
    statistics.mean.dispose();
    statistics.variance.dispose();
    return y;
  }
}

/** BN → sign → conv (· attention), with the slopes of a PReLU. */
export abstract class NormalisedOrder implements BlockOrder {
  readonly slope: Variable & Tensor1D;
  readonly conv: NormalisedConv;

  constructor(scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions) {
    this.conv = new NormalisedConv(scope, size, options);
    this.slope = preluSlope(scope, size.outputs);
  }

  abstract finish(body: Tensor4D, shortcut: Tensor4D | undefined): Tensor4D;

  body(x: Tensor4D, training: boolean): Tensor4D {
    return this.conv.apply(x, training);
  }
}

/** BN → sign → conv (· attention) → add → PReLU. */
export class BinaryOrder extends NormalisedOrder {
  finish(body: Tensor4D, shortcut: Tensor4D | undefined): Tensor4D {
    const y = shortcut ? addPrelu(body, shortcut, this.slope) : prelu(body, this.slope);
    body.dispose();
    return y;
  }
}

/** BN → sign → conv (· attention) → PReLU → add (Martinez et al. 2020, whose attention is the gate). */
export class RealToBinaryOrder extends NormalisedOrder {
  override body(x: Tensor4D, training: boolean): Tensor4D {
    const convolved = super.body(x, training);
    const y = prelu(convolved, this.slope);
    convolved.dispose();
    return y;
  }

  finish(body: Tensor4D, shortcut: Tensor4D | undefined): Tensor4D {
    return sumOf(body, shortcut);
  }
}

/** Shifted sign → conv (· attention) → BN → add, and a PReLU between shifts where there is one. */
abstract class ShiftedOrder implements BlockOrder {
  private readonly shift: Tensor1D;
  private readonly gated: GatedConv;
  private readonly bn: BatchNorm;
  private readonly isSigned: boolean;
  private readonly signGradient: SignGradient;
  private readonly activations: BinaryBlockOptions['activations'];
  protected abstract readonly prelu: ShiftedPreluParameters | undefined;

  constructor(scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions, learnsShift: boolean) {
    const { binarise = 'both', signGradient = new SignGradient(), activations } = options;
    const place = scope.child('sign');
    this.shift = learnsShift
      ? place.parameter<Tensor1D>('shift', [size.inputs], { kind: 'constant', value: 0 })
      : place.buffer<Tensor1D>('shift', [size.inputs], 0);
    this.gated = new GatedConv(scope, size, options);
    this.bn = new BatchNorm(scope.child('bn'), size.outputs, options);
    this.isSigned = binarise === 'both' || binarise === 'activations';
    this.signGradient = signGradient;
    this.activations = activations;
  }

  body(x: Tensor4D, training: boolean): Tensor4D {
    if (training) this.activations?.note(this.gated.layer, () => add(x, this.shift));
    return this.gated.apply(this.operand(x, training), plainInput(x), training);
  }

  finish(body: Tensor4D, shortcut: Tensor4D | undefined, training: boolean): Tensor4D {
    const y = this.bn.withResidual(body, training, { residual: shortcut, prelu: this.prelu });
    body.dispose();
    return y;
  }

  private operand(x: Tensor4D, training: boolean): Tensor4D {
    if (!this.isSigned) {
      const v = add<Tensor4D>(x, this.shift);
      const clamped = hardClamp(v);
      v.dispose();
      return clamped;
    }
    return training
      ? shiftedSign(x, this.shift, this.signGradient.slope)
      : shiftedSignInference(x, this.shift);
  }
}

/** sign → conv (· attention) → BN → add (Liu et al. 2018). */
class BiRealOrder extends ShiftedOrder {
  protected override readonly prelu = undefined;

  constructor(scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions) {
    super(scope, size, options, false);
  }
}

/** RSign → conv (· attention) → BN → add → RPReLU (Liu et al. 2020). */
class ReActNetOrder extends ShiftedOrder {
  protected override readonly prelu: ShiftedPreluParameters;

  constructor(scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions) {
    super(scope, size, options, true);
    const place = scope.child('prelu');
    const shift = (name: string): Variable & Tensor1D =>
      place.parameter(name, [size.outputs], { kind: 'constant', value: 0 });
    this.prelu = { before: shift('before'), slope: preluSlope(scope, size.outputs), after: shift('after') };
  }
}

/** New slopes of a PReLU. */
export function preluSlope(scope: Scope, channels: number): Variable & Tensor1D {
  return scope.child('prelu').parameter('slope', [channels], { kind: 'constant', value: 0.25 });
}

/** The sum, in whose place the body is disposed of; the body itself without a shortcut. */
export function sumOf(body: Tensor4D, shortcut: Tensor4D | undefined): Tensor4D {
  if (!shortcut) return body;
  const sum = add<Tensor4D>(body, shortcut);
  body.dispose();
  return sum;
}

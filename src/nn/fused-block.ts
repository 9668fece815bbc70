import type { Tensor4D } from '@tensorflow/tfjs-core';
import { binaryResidual } from '../ops/binary-residual.js';
import { SqueezeExcite } from './attention/squeeze-excite.js';
import type { BinaryBlockOptions, BinaryBlockSize, PendingMap } from './binary-block.js';
import { BinaryOrder, type NormalisedOrder, type RealToBinaryOrder } from './block-orders.js';
import { ComposedBlock, partsOf } from './composed-block.js';
import type { Scope } from './parameters.js';
import { SignGradient } from './sign-gradient.js';

/** The orders whose convolution trains with its neighbours as one operation. */
export type FusedOrder = typeof BinaryOrder | typeof RealToBinaryOrder;

/**
 * A block of one binary convolution or, with a single skip, of two under one shortcut, each of which trains with its neighbours
 * as one operation, `binaryResidual`, where both operands are binary, the gradient of the signs is a mask, and the attention is
 * none or squeeze and excite. Else, and in evaluation, it is the composition.
 *
 * In the order of a `BinaryBlock` the PReLU at the end is left to what follows, whose kernels apply it in passing; that of Real-to-Binary
 * is before the sum, and part of the operation.
 */
export class FusedBlock extends ComposedBlock {
  private readonly fusible: readonly NormalisedOrder[];
  private readonly isFused: boolean;

  constructor(Order: FusedOrder, scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions) {
    const { binarise = 'both', signGradient = new SignGradient() } = options;
    const ways = { ...options, signGradient };
    const orders = partsOf(scope, size, options.skip, (part, of) => new Order(part, of, ways));
    super(orders, scope, size, options);
    this.fusible = orders;
    const { attention } = orders[0].conv.gated;
    this.isFused =
      binarise === 'both' &&
      signGradient.isMask &&
      (attention === undefined || attention instanceof SqueezeExcite);
  }

  /**
   * Whether the block applies the PReLU of the block before it on the way, in training: then its input need not be activated
   * first. Where the input is read once more, by a shortcut or past two convolutions, it must be.
   */
  override get takesPending(): boolean {
    return this.isFused && this.shortcut === undefined && this.fusible.length === 1;
  }

  /** @param input position-major [H, W, N, inputs]; activated, unless in training the block {@link takesPending} */
  override apply(input: PendingMap, training: boolean): PendingMap {
    if (!training || !this.isFused) return super.apply(input, training);
    let x = input;
    for (const [i, order] of this.fusible.entries()) {
      const isLast = i === this.fusible.length - 1;
      const y = this.convolved(order, x, isLast ? input.map : undefined);
      if (x !== input) x.map.dispose();
      x = y;
    }
    return x;
  }

  /** @param skipped the block's input, where its shortcut is added; undefined for nothing */
  private convolved(
    order: NormalisedOrder,
    { map, slope }: PendingMap,
    skipped: Tensor4D | undefined,
  ): PendingMap {
    const { bn, gated } = order.conv;
    order.conv.note(map, slope);
    const statistics = bn.batchStatistics(map, slope);
    const shortcut =
      skipped && this.shortcut?.apply(skipped, true, map === skipped ? statistics.mean : undefined);
    const { latent, geometry } = gated.conv;
    const leavesPrelu = order instanceof BinaryOrder;
    const attention = gated.attention instanceof SqueezeExcite ? gated.attention.weights : undefined;
    const y = binaryResidual(
      map,
      {
        ...{ slope, affine: bn, statistics, epsilon: bn.epsilon, latent, attention },
        residual: residualOf(map, skipped, shortcut),
        sumSlope: leavesPrelu ? undefined : order.slope,
      },
      geometry,
    );
    for (const tensor of [statistics.mean, statistics.variance, shortcut]) tensor?.dispose();
    return { map: y, slope: leavesPrelu ? order.slope : undefined };
  }
}

/** What is added to a convolution of x, as `binaryResidual` takes it. */
function residualOf(
  x: Tensor4D,
  skipped: Tensor4D | undefined,
  shortcut: Tensor4D | undefined,
): Tensor4D | 'none' | undefined {
  if (!skipped) return 'none';
  return shortcut ?? (skipped === x ? undefined : skipped);
}

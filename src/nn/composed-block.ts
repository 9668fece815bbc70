import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { BinaryBlockOptions, BinaryBlockSize, PendingMap } from './binary-block.js';
import type { Block } from './block.js';
import { type BlockOrder, createOrder, type OrderName } from './block-orders.js';
import { Downsample } from './downsample.js';
import type { Scope } from './parameters.js';

/**
 * A block of any order and attention, of one binary convolution with a shortcut of its own or, with a single skip, of two under
 * one shortcut. {@link BinaryBlock} is the faster form of the default one.
 */
export class ComposedBlock implements Block {
  readonly takesPending = false;
  private readonly orders: readonly BlockOrder[];
  private readonly shortcut: Downsample | undefined;

  constructor(order: OrderName, scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions) {
    const { inputs, outputs, stride } = size;
    const second = { inputs: outputs, outputs, stride: 1 };
    this.orders =
      options.skip === 'single'
        ? [
            createOrder(order, scope.child('first'), size, options),
            createOrder(order, scope.child('second'), second, options),
          ]
        : [createOrder(order, scope, size, options)];
    if (stride !== 1 || inputs !== outputs)
      this.shortcut = new Downsample(scope.child('shortcut'), inputs, outputs, stride, options);
  }

  apply({ map }: PendingMap, training: boolean): PendingMap {
    const shortcut = this.shortcut?.apply(map, training);
    let x: Tensor4D = map;
    this.orders.forEach((order, i) => {
      const isLast = i === this.orders.length - 1;
      const y = order.finish(order.body(x, training), isLast ? (shortcut ?? map) : undefined);
      if (x !== map) x.dispose();
      x = y;
    });
    shortcut?.dispose();
    return { map: x, slope: undefined };
  }
}

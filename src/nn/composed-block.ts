import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { BinaryBlockOptions, BinaryBlockSize, PendingMap, SkipName } from './binary-block.js';
import type { Block } from './block.js';
import type { BlockOrder } from './block-orders.js';
import { Downsample } from './downsample.js';
import type { Scope } from './parameters.js';

/** What `make` makes of a block: one part with a skip of its own or, with a single skip, two under one. */
export function partsOf<Part>(
  scope: Scope,
  size: BinaryBlockSize,
  skip: SkipName | undefined,
  make: (scope: Scope, size: BinaryBlockSize) => Part,
): Part[] {
  if (skip !== 'single') return [make(scope, size)];
  const second = { inputs: size.outputs, outputs: size.outputs, stride: 1 };
  return [make(scope.child('first'), size), make(scope.child('second'), second)];
}

/** One or more binary convolutions with their neighbours, one after the other, under one shortcut. */
export class ComposedBlock implements Block {
  protected readonly shortcut: Downsample | undefined;

  /** @param size of all of them together */
  constructor(
    private readonly orders: readonly BlockOrder[],
    scope: Scope,
    { inputs, outputs, stride }: BinaryBlockSize,
    options: BinaryBlockOptions,
  ) {
    if (stride !== 1 || inputs !== outputs)
      this.shortcut = new Downsample(scope.child('shortcut'), inputs, outputs, stride, options);
  }

  get takesPending(): boolean {
    return false;
  }

  apply({ map }: PendingMap, training: boolean): PendingMap {
    const shortcut = this.shortcut?.apply(map, training);
    let x: Tensor4D = map;
    this.orders.forEach((order, i) => {
      const isLast = i === this.orders.length - 1;
      const y = order.finish(order.body(x, training), isLast ? (shortcut ?? map) : undefined, training);
      if (x !== map) x.dispose();
      x = y;
    });
    shortcut?.dispose();
    return { map: x, slope: undefined };
  }
}

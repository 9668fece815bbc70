import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Network } from '../models/network.js';
import { Conv2d } from '../nn/conv2d.js';
import { ParameterStore } from '../nn/parameters.js';
import type { Tap } from '../teacher/targets.js';

/** A level of the student, and the teacher's tap of the same height and width. */
export interface LevelPair {
  readonly level: number;
  readonly tap: Tap;
  /** The channels of the student's feature map. */
  readonly channels: number;
}

/**
 * Pairs each level of the student with the teacher's last tap of the same height and width. Levels and taps
 * without a partner are left out.
 *
 * @param size height and width of the images
 */
export function pairLevels(
  student: Network,
  size: readonly [number, number],
  taps: readonly Tap[],
): LevelPair[] {
  const pairs: LevelPair[] = [];
  for (let level = 1; level <= student.levels; level++) {
    const [height, width] = student.sizeOf(level, size);
    const tap = taps.findLast(({ shape }) => shape[0] === height && shape[1] === width);
    if (tap) pairs.push({ level, tap, channels: student.channelsOf(level) });
  }
  return pairs;
}

/**
 * Learned 1×1 convolutions from the student's channels to the teacher's, for pairs with different channels.
 * They are used in training only and are not part of the student.
 */
export class Connectors {
  readonly store: ParameterStore;
  readonly #convolutions = new Map<number, Conv2d>();

  constructor(pairs: readonly LevelPair[], seed: number) {
    this.store = new ParameterStore(seed);
    const scope = this.store.root.child('connectors');
    for (const { level, tap, channels } of pairs) {
      if (channels === tap.shape[2]) continue;
      const size = { inputs: channels, outputs: tap.shape[2], window: 1 };
      this.#convolutions.set(level, new Conv2d(scope.child(`level${level}`), size, { stride: 1, pad: 0 }));
    }
  }

  /** Whether a level has a connector. */
  has(level: number): boolean {
    return this.#convolutions.has(level);
  }

  /**
   * Maps the student's feature map, position-major, to the teacher's channels; without a connector it stays.
   */
  apply(level: number, map: Tensor4D): Tensor4D {
    return this.#convolutions.get(level)?.apply(map) ?? map;
  }

  dispose(): void {
    this.store.dispose();
  }
}

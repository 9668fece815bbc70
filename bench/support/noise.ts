import type { NativeAddon } from '../../src/backends/native/addon.js';
import { RandomStream } from '../../src/data/random.js';

const pattern = ((): Float32Array => {
  const stream = new RandomStream({ seed: 1, purpose: 1001 });
  return Float32Array.from({ length: 65_521 }, () => 2 * stream.float() - 1);
})();

/** `count` floats in [−1, 1) in memory of the addon, whose large allocations have huge pages as tensors have. */
export function noise(addon: NativeAddon, count: number): Float32Array {
  const values = new Float32Array(addon.allocate(4 * count), 0, count);
  for (let i = 0; i < count; i += pattern.length) values.set(pattern.subarray(0, count - i), i);
  return values;
}

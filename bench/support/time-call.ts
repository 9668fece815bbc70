import { median } from './statistics.js';

/**
 * Milliseconds of a call: the median of at least `least` calls and of `seconds` seconds, after one that warms up. A call
 * that alone takes longer than that runs once.
 */
export function timeCall(call: () => void, { least, seconds }: { least: number; seconds: number }): number {
  const once = (): number => {
    const began = performance.now();
    call();
    return performance.now() - began;
  };
  const first = once();
  if (first > 1000 * seconds) return first;
  const times: number[] = [];
  let total = 0;
  while (times.length < least || total < 1000 * seconds) {
    times.push(once());
    total += times.at(-1)!;
  }
  return median(times);
}

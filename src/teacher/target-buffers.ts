import type { TeacherTargets } from './targets.js';

/** The memory of targets, to transfer it to another thread. */
export function buffersOf({ logits, features }: TeacherTargets): ArrayBuffer[] {
  return [logits, ...features.values()].map(({ buffer }) => buffer as ArrayBuffer);
}

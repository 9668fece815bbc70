/** What distinguishes the networks of one family. */
export interface BinaryResNetDepth {
  /** Channels of each level. */
  readonly widths: readonly number[];
  /** Binary blocks of each level: two for each basic block of the ResNet of this name. */
  readonly blocks: readonly number[];
}

/** The binary students by name. */
export const binaryResNetDepths = {
  'bnn-resnet18': { widths: [64, 128, 256, 512], blocks: [4, 4, 4, 4] },
  'bnn-resnet20': { widths: [16, 32, 64], blocks: [6, 6, 6] },
  'bnn-resnet34': { widths: [64, 128, 256, 512], blocks: [6, 8, 12, 6] },
} as const satisfies Readonly<Record<string, BinaryResNetDepth>>;

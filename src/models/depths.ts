/** What distinguishes the networks of one family. */
export interface ResNetDepth {
  /** Channels of each level. */
  readonly widths: readonly number[];
  /** Blocks of each level. */
  readonly blocks: readonly number[];
}

/** Where a block stands in a network of a depth. */
export interface BlockPlace {
  readonly inputs: number;
  readonly outputs: number;
  /** Each level after the first starts with stride 2. */
  readonly stride: number;
  /** The level that ends with it, from 1. */
  readonly endsLevel: number | undefined;
}

/** The blocks of a network in order; the first takes as many channels as it gives. */
export function blockPlaces({ widths, blocks }: ResNetDepth): BlockPlace[] {
  return widths.flatMap((outputs, level) =>
    Array.from({ length: blocks[level] }, (_, i) => ({
      inputs: i === 0 ? widths[Math.max(0, level - 1)] : outputs,
      outputs,
      stride: level > 0 && i === 0 ? 2 : 1,
      endsLevel: i === blocks[level] - 1 ? level + 1 : undefined,
    })),
  );
}

const small = [16, 32, 64];
const large = [64, 128, 256, 512];

/** The full-precision networks by name; a block has two convolutions. */
export const resNetDepths = {
  resnet18: { widths: large, blocks: [2, 2, 2, 2] },
  resnet20: { widths: small, blocks: [3, 3, 3] },
  resnet32: { widths: small, blocks: [5, 5, 5] },
  resnet34: { widths: large, blocks: [3, 4, 6, 3] },
  resnet44: { widths: small, blocks: [7, 7, 7] },
  resnet56: { widths: small, blocks: [9, 9, 9] },
  resnet110: { widths: small, blocks: [18, 18, 18] },
} as const satisfies Readonly<Record<string, ResNetDepth>>;

/** The VGG-small, which has no blocks but convolutions: two of each width. */
export const vggSmallDepth: ResNetDepth = { widths: [128, 256, 512], blocks: [2, 2, 2] };

type ResNetName = keyof typeof resNetDepths;

/** The binary students by name: two blocks, of one convolution and one shortcut each, for each block of the ResNet. */
export const binaryResNetDepths = Object.fromEntries(
  Object.entries<ResNetDepth>(resNetDepths).map(([name, { widths, blocks }]) => [
    `bnn-${name}`,
    { widths, blocks: blocks.map((count) => 2 * count) },
  ]),
) as unknown as Readonly<Record<`bnn-${ResNetName}`, ResNetDepth>>;

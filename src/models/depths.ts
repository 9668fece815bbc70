/** What distinguishes the networks of one family. */
export interface ResNetDepth {
  /** Channels of each level; where blocks are bottlenecks, of their 3×3 convolutions. The first is that of the stem. */
  readonly widths: readonly number[];
  /** Blocks of each level. */
  readonly blocks: readonly number[];
  /** Where blocks are bottlenecks: how many times as many channels they give as `widths` says; undefined for basic blocks. */
  readonly expansion?: number;
}

/** The channels of each level's feature map. */
export function levelChannels({ widths, expansion = 1 }: ResNetDepth): number[] {
  return widths.map((width) => expansion * width);
}

/** Where a block stands in a network of a depth. */
export interface BlockPlace {
  readonly inputs: number;
  readonly outputs: number;
  /** The channels of a bottleneck's 3×3 convolution; undefined for a basic block. */
  readonly planes: number | undefined;
  /** Each level after the first starts with stride 2. */
  readonly stride: number;
  /** The level that ends with it, from 1. */
  readonly endsLevel: number | undefined;
}

/** The blocks of a network in order; the first takes the stem's channels. */
export function blockPlaces(depth: ResNetDepth): BlockPlace[] {
  const { widths, blocks, expansion } = depth;
  const channels = levelChannels(depth);
  return channels.flatMap((outputs, level) =>
    Array.from({ length: blocks[level] }, (_, i) => ({
      inputs: i > 0 ? outputs : level > 0 ? channels[level - 1] : widths[0],
      outputs,
      planes: expansion === undefined ? undefined : widths[level],
      stride: level > 0 && i === 0 ? 2 : 1,
      endsLevel: i === blocks[level] - 1 ? level + 1 : undefined,
    })),
  );
}

const small = [16, 32, 64];
const large = [64, 128, 256, 512];

/** The full-precision networks by name; a basic block has two convolutions, a bottleneck three. */
export const resNetDepths = {
  resnet18: { widths: large, blocks: [2, 2, 2, 2] },
  resnet20: { widths: small, blocks: [3, 3, 3] },
  resnet32: { widths: small, blocks: [5, 5, 5] },
  resnet34: { widths: large, blocks: [3, 4, 6, 3] },
  resnet44: { widths: small, blocks: [7, 7, 7] },
  resnet50: { widths: large, blocks: [3, 4, 6, 3], expansion: 4 },
  resnet56: { widths: small, blocks: [9, 9, 9] },
  resnet110: { widths: small, blocks: [18, 18, 18] },
} as const satisfies Readonly<Record<string, ResNetDepth>>;

/** The VGG-small, which has no blocks but convolutions: two of each width. */
export const vggSmallDepth: ResNetDepth = { widths: [128, 256, 512], blocks: [2, 2, 2] };

/** The name of a full-precision ResNet. */
export type ResNetName = keyof typeof resNetDepths;

/**
 * The binary students by name: two blocks, of one convolution and one shortcut each, for each basic block of the ResNet; one
 * for each bottleneck.
 */
export const binaryResNetDepths = Object.fromEntries(
  Object.entries<ResNetDepth>(resNetDepths).map(([name, depth]) => [
    `bnn-${name}`,
    depth.expansion === undefined ? { ...depth, blocks: depth.blocks.map((count) => 2 * count) } : depth,
  ]),
) as unknown as Readonly<Record<`bnn-${ResNetName}`, ResNetDepth>>;

/** What distinguishes the networks of one family. */
export interface ResNetDepth {
  /**
   * Channels of each level; in a network of bottlenecks, of their 3×3 convolutions. The stem has those of the
   * first.
   */
  readonly widths: readonly number[];
  /** Blocks of each level. */
  readonly blocks: readonly number[];
  /**
   * In a network of bottlenecks: the factor from `widths` to the channels that its blocks give. Undefined for
   * basic blocks.
   */
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
  /** 2 for the first block of each level after the first, else 1. */
  readonly stride: number;
  /** The level that ends with this block, from 1; undefined within a level. */
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

/** The full-precision ResNets by name. A basic block has two convolutions, a bottleneck three. */
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

/** VGG-small. It has no blocks: `blocks` counts the convolutions of each level. */
export const vggSmallDepth: ResNetDepth = { widths: [128, 256, 512], blocks: [2, 2, 2] };

/** The name of a full-precision ResNet. */
export type ResNetName = keyof typeof resNetDepths;

/**
 * The binary ResNets by name. Two blocks, of one convolution and one shortcut each, replace a basic block;
 * one block replaces a bottleneck.
 */
export const binaryResNetDepths = Object.fromEntries(
  Object.entries<ResNetDepth>(resNetDepths).map(([name, depth]) => [
    `bnn-${name}`,
    depth.expansion === undefined ? { ...depth, blocks: depth.blocks.map((count) => 2 * count) } : depth,
  ]),
) as unknown as Readonly<Record<`bnn-${ResNetName}`, ResNetDepth>>;

/** What distinguishes the networks of one family. */
export interface ResNetDepth {
  /** Channels of each level. */
  readonly widths: readonly number[];
  /** Blocks of each level. */
  readonly blocks: readonly number[];
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

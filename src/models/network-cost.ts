import { binary } from '../nn/blocks/binary.js';
import { bottleneckAfterStride } from '../nn/blocks/bottleneck.js';
import { blockDefinition } from '../nn/blocks/registry.js';
import { BinaryResNet } from './bnn-resnet.js';
import type { Network } from './network.js';
import { ResNet } from './resnet.js';
import { VggSmall } from './vgg-small.js';
import { defaultStructure, type Structure } from './structure.js';
import { stemFor, stemSizes } from './stem.js';

/** What one layer of a student costs, for one image. */
export interface LayerCost {
  /** As in checkpoints: `blocks.3.conv`. */
  readonly name: string;
  /** Height, width and channels of its output. */
  readonly output: readonly [height: number, width: number, channels: number];
  /** Parameters of one bit and of 32 bits. Running statistics of BatchNorm count as parameters of 32 bits. */
  readonly binaryParameters: number;
  readonly floatParameters: number;
  /**
   * Multiply-adds of two signs, and of floats. A convolution counts all taps, those on the padding too. A
   * binary first layer has multiply-adds of floats, since the image is real-valued.
   */
  readonly binaryMacs: number;
  readonly floatMacs: number;
}

/** What a student costs, layer by layer and in all. */
export interface NetworkCost {
  readonly layers: readonly LayerCost[];
  readonly total: Omit<LayerCost, 'name' | 'output'>;
  /**
   * Bytes with binary weights as bits and a scale of 4 bytes for each of their channels; and with all as
   * float32.
   */
  readonly packedBytes: number;
  readonly floatBytes: number;
}

const counted = ['binaryParameters', 'floatParameters', 'binaryMacs', 'floatMacs'] as const;

/**
 * Parameters and multiply-adds of a student for images of its own size, layer by layer as it was built.
 * Layers that can be binary count as binary, whatever the stage of training leaves in floats. A
 * full-precision network has none.
 */
export function networkCost(student: Network): NetworkCost {
  const layers = new Map<string, LayerCost>();
  let scales = 0;
  for (const [path, { shape, size }] of student.store.named()) {
    const name = path.slice(0, path.lastIndexOf('.'));
    const isBinary = path.endsWith('.latent');
    const ofSigns = isBinary && !name.startsWith('stem.');
    const at = placeOf(student, name);
    const positions = at[0] * at[1];
    const macs = shape.length === 4 ? size * positions : shape.length === 2 ? size : 0;
    const channels = shape[shape.length - 1];
    if (isBinary) scales += channels;
    const before = layers.get(name);
    layers.set(name, {
      name,
      output: [...at, channels],
      binaryParameters: (before?.binaryParameters ?? 0) + (isBinary ? size : 0),
      floatParameters: (before?.floatParameters ?? 0) + (isBinary ? 0 : size),
      binaryMacs: (before?.binaryMacs ?? 0) + (ofSigns ? macs : 0),
      floatMacs: (before?.floatMacs ?? 0) + (ofSigns ? 0 : macs),
    });
  }
  const all = [...layers.values()];
  const total = Object.fromEntries(
    counted.map((key) => [key, all.reduce((sum, layer) => sum + layer[key], 0)]),
  ) as unknown as NetworkCost['total'];
  const { binaryParameters, floatParameters } = total;
  return {
    layers: all,
    total,
    packedBytes: binaryParameters / 8 + 4 * (floatParameters + scales),
    floatBytes: 4 * (binaryParameters + floatParameters),
  };
}

/** Height and width of the maps on which a layer multiplies. */
function placeOf(student: Network, name: string): readonly [number, number] {
  if (student instanceof VggSmall) return student.placeOf(name);
  const [part, place, ...layer] = name.split('.');
  if (part === 'stem') {
    const sizes = stemSizes(stemFor(student.size), student.size);
    return name.endsWith('conv') ? sizes.convolved : sizes.output;
  }
  if (part === 'head') {
    const last = student.sizeOf(student.levels, student.size);
    return name.endsWith('linear') ? [1, 1] : last;
  }
  const { level, first } = levelOf(student.depth.blocks, Number(place));
  const own = student.sizeOf(level, student.size);
  if (level === 1 || !first) return own;
  const before = student.sizeOf(level - 1, student.size);
  const hasBottlenecks = student.depth.expansion !== undefined;
  // A full-precision bottleneck halves in its second convolution, a basic block in its first.
  if (student instanceof ResNet) return hasBottlenecks && /\.(conv|bn)1$/.test(name) ? before : own;
  const structure = student instanceof BinaryResNet ? student.structure : defaultStructure;
  return isAfterStride(layer.join('.'), structure, hasBottlenecks) ? own : before;
}

/**
 * Whether a layer of a level's first block works on maps of the level's size, because it comes after the
 * stride. What comes before, and a shortcut that pools at its end, works on larger maps.
 *
 * @param layer its name within the block
 */
function isAfterStride(
  layer: string,
  { block, downsample, skip }: Structure,
  hasBottlenecks: boolean,
): boolean {
  if (layer.startsWith('shortcut.')) return downsample === 'v2';
  if (hasBottlenecks) return isAmong(bottleneckAfterStride, layer);
  const { afterStride } = blockDefinition(block) ?? binary;
  if (skip === 'double') return isAmong(afterStride, layer);
  return layer.startsWith('second.') || isAmong(afterStride, layer.replace(/^first\./, ''));
}

function isAmong(places: readonly string[], layer: string): boolean {
  return places.some((place) => layer === place || layer.startsWith(`${place}.`));
}

/** The level of a block from 1, and whether it is the level's first. */
function levelOf(blocks: readonly number[], place: number): { level: number; first: boolean } {
  let first = 0;
  for (const [i, count] of blocks.entries()) {
    if (place < first + count) return { level: i + 1, first: place === first };
    first += count;
  }
  throw new Error(`there is no block ${place}`);
}

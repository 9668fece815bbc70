import { InputError } from '../errors.js';
import { blockPlaces, type ResNetDepth } from './depths.js';
import { stemFor, stemSizes } from './stem.js';

/** What one layer keeps from the forward to the backward pass. */
export interface LayerMemory {
  /** Its path in the network, such as `blocks.3`. */
  readonly layer: string;
  /** Output height, width and channels. */
  readonly output: readonly [number, number, number];
  /** Bytes kept as floats, and as bits. */
  readonly floatBytes: number;
  readonly bitBytes: number;
}

/** The memory of a training step on the native backend, in bytes. */
export interface StepMemory {
  readonly layers: readonly LayerMemory[];
  /** Weights, and Adam's two moments of each. */
  readonly parameterBytes: number;
  readonly optimizerBytes: number;
  /** The most that activations, gradients and packed signs take at once. */
  readonly tensorBytes: number;
  /** All of it: what a step needs at its peak. */
  readonly peakBytes: number;
}

const page = 4096;
// Smaller tensors come from the JavaScript heap.
const leastPooled = 2048;
const floats = (...sizes: number[]): number => 4 * sizes.reduce((product, size) => product * size, 1);
const bits = (rows: number, channels: number): number => 4 * rows * Math.ceil(channels / 32);

/** Plays the allocations of a step and remembers their peak. */
class Meter {
  #live = 0;
  #peak = 0;

  take(bytes: number): void {
    this.#live += rounded(bytes);
    this.#peak = Math.max(this.#peak, this.#live);
  }

  give(bytes: number): void {
    this.#live -= rounded(bytes);
  }

  get peak(): number {
    return this.#peak;
  }
}

const rounded = (bytes: number): number => (bytes < leastPooled ? 0 : Math.ceil(bytes / page) * page);

interface BlockShape {
  readonly layer: string;
  readonly input: number;
  readonly output: number;
  /** What the shortcut keeps: its pooled input, and C·K of its statistics; both 0 for the identity. */
  readonly pooled: number;
  readonly spread: number;
  readonly inputBits: number;
  readonly filterBits: number;
  readonly filter: number;
  readonly size: readonly [number, number, number];
}

/**
 * Predicts the memory of a training step of a binary ResNet of basic blocks from its shapes alone, by playing the allocations of the
 * forward and backward pass: what a block keeps is its input as floats and two bits for each of its elements; the gradient
 * of the input lies where that of the signs did. Losses on feature maps are not counted.
 *
 * @param size height and width of the pictures
 * @throws InputError for a depth of bottlenecks
 */
export function predictStepMemory(
  depth: ResNetDepth,
  classes: number,
  batchSize: number,
  size: readonly [number, number] = [32, 32],
): StepMemory {
  if (depth.expansion !== undefined)
    throw new InputError(
      'the memory of a step is predicted for basic blocks, and this network has bottlenecks.',
    );
  const blocks = shapesOf(depth, batchSize, size);
  const picture = floats(batchSize, size[0], size[1], 3);
  const stem = stemMaps(size).map((map) => floats(batchSize, ...map, depth.widths[0]));
  const last = blocks[blocks.length - 1].output;
  const meter = new Meter();
  // Pictures minus mean, divided by deviation, then position-major; the stem's maps.
  for (const bytes of [picture, picture]) meter.take(bytes);
  meter.give(picture);
  for (const bytes of [picture, ...stem]) meter.take(bytes);
  for (const block of blocks) {
    if (block.pooled > 0) {
      for (const bytes of [block.pooled, block.spread, block.output, block.output]) meter.take(bytes);
      meter.give(block.output);
    }
    for (const bytes of [block.inputBits, block.inputBits, block.filterBits, block.output]) meter.take(bytes);
    if (block.pooled > 0) meter.give(block.output);
  }
  meter.take(last);
  meter.give(last);
  // Backward: the gradient of the global mean is the first of the size of a map; the PReLU's takes its place, and the
  // last output is done with.
  meter.take(last);
  meter.give(last);
  for (const block of [...blocks].reverse()) {
    for (const bytes of [block.filter, block.input]) meter.take(bytes);
    for (const bytes of [block.inputBits, block.inputBits, block.filterBits, block.filter]) meter.give(bytes);
    if (block.pooled > 0) {
      // The shortcut's gradient to its pooled input, that plus a constant, and the one to the input.
      for (const bytes of [block.pooled, block.pooled, block.input]) meter.take(bytes);
      for (const bytes of [block.pooled, block.pooled, block.pooled, block.spread, block.input])
        meter.give(bytes);
    }
    for (const bytes of [block.output, block.input]) meter.give(bytes);
  }
  const weights = parameterCount(depth, classes, stemFor(size).window);
  const parameterBytes = 4 * weights;
  return {
    layers: layersOf(depth, blocks, picture, stem, size),
    parameterBytes,
    optimizerBytes: 2 * parameterBytes,
    tensorBytes: meter.peak,
    peakBytes: meter.peak + 3 * parameterBytes,
  };
}

/** The maps that the stem keeps: its convolution's, the pooled one if there is one, and the BatchNorm's. */
function stemMaps(size: readonly [number, number]): [number, number][] {
  const stem = stemFor(size);
  const { convolved, output } = stemSizes(stem, size);
  return stem.pools ? [convolved, output, output] : [convolved, output];
}

function shapesOf(depth: ResNetDepth, n: number, size: readonly [number, number]): BlockShape[] {
  let [h, w] = stemSizes(stemFor(size), size).output;
  return blockPlaces(depth).map(({ inputs: c, outputs: k, stride }, place) => {
    const [outH, outW] = [Math.floor((h - 1) / stride) + 1, Math.floor((w - 1) / stride) + 1];
    const changes = stride !== 1 || c !== k;
    const shape = {
      layer: `blocks.${place}`,
      input: floats(h, w, n, c),
      output: floats(outH, outW, n, k),
      pooled: changes ? floats(outH, outW, n, c) : 0,
      spread: changes ? floats(c, k) : 0,
      inputBits: bits(h * w * n, c),
      filterBits: bits(9 * c, k),
      filter: floats(9, c, k),
      size: [outH, outW, k],
    } as const;
    [h, w] = [outH, outW];
    return shape;
  });
}

function layersOf(
  depth: ResNetDepth,
  blocks: readonly BlockShape[],
  picture: number,
  stem: readonly number[],
  size: readonly [number, number],
): LayerMemory[] {
  return [
    // Its pictures twice (NHWC and position-major), and its maps.
    {
      layer: 'stem',
      output: [...stemSizes(stemFor(size), size).output, depth.widths[0]],
      floatBytes: stem.reduce((sum, bytes) => sum + bytes, 2 * picture),
      bitBytes: 0,
    },
    ...blocks.map(({ layer, output, pooled, spread, inputBits, filterBits, size }) => ({
      layer,
      output: size,
      // The input is the output of the layer before it.
      floatBytes: output + pooled + spread,
      bitBytes: 2 * inputBits + filterBits,
    })),
  ];
}

/** The number of weights of a binary ResNet. */
function parameterCount(depth: ResNetDepth, classes: number, stemWindow: number): number {
  const [first, last] = [depth.widths[0], depth.widths.at(-1)!];
  let count = 3 * stemWindow ** 2 * first + 2 * first;
  for (const { inputs, outputs, stride } of blockPlaces(depth)) {
    count += 2 * inputs + 9 * inputs * outputs + outputs;
    if (inputs !== outputs || stride !== 1) count += inputs * outputs + 2 * outputs;
  }
  return count + 2 * last + last * classes + classes;
}

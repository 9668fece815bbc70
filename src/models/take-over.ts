import { tensor, tidy } from '@tensorflow/tfjs-core';
import type { Network } from './network.js';
import { VggSmall } from './vgg-small.js';

/**
 * Fills a binary network with the tensors of the full-precision network of the same depth: stem, shortcuts
 * and classifier as they are, and the latent weights of each binary convolution from the filter in its place.
 * Two binary blocks correspond to one basic block of two convolutions. Bottlenecks and the layers of a
 * VGG-small have the same places in both networks, so there the BatchNorms after convolutions are taken too.
 *
 * The filters are scaled to the mean magnitude of new latent weights. A filter's own scale says nothing,
 * since a BatchNorm follows; of latent weights it is the scale α of the convolution.
 *
 * @returns the names of the student's tensors to which none corresponds; they stay as they were
 */
export function takeOver(student: Network, teacher: Network): string[] {
  const held = teacher.store.named();
  const sourceOf = sourcesFor(teacher);
  const notTaken: string[] = [];
  for (const [name, variable] of student.store.named()) {
    const source = held.get(sourceOf(name));
    if (source?.shape.join() !== variable.shape.join()) {
      notTaken.push(name);
      continue;
    }
    const values = Float32Array.from(source.dataSync());
    if (name.endsWith('.latent')) {
      const own = meanMagnitude(variable.dataSync());
      const factor = own / (meanMagnitude(values) || 1);
      values.forEach((value, i) => (values[i] = factor * value));
    }
    tidy(() => variable.assign(tensor(values, [...variable.shape])));
  }
  return notTaken;
}

/** The name of a binary layer's weights in a full-precision layer. */
function inFloats(name: string): string {
  return name.replace(/^head\.linear\.latent$/, 'head.linear.weight').replace(/\.latent$/, '.filter');
}

/** The name in the full-precision network of a tensor of the binary one. */
function sourcesFor(teacher: Network): (name: string) => string {
  if (teacher instanceof VggSmall) return inFloats;
  return teacher.depth.expansion === undefined ? sourceInBasicBlock : sourceInBottleneck;
}

/**
 * The BatchNorm after a convolution of a full-precision bottleneck is the one before the next convolution in
 * a binary one.
 */
const layersOfBottleneck = new Map([
  ['first.conv', 'conv1'],
  ['second.bn', 'bn1'],
  ['second.conv', 'conv2'],
  ['third.bn', 'bn2'],
  ['third.conv', 'conv3'],
  ['bn', 'bn3'],
]);

function sourceInBottleneck(name: string): string {
  const [part, place, ...layer] = name.split('.');
  if (part !== 'blocks' || layer[0] === 'shortcut') return inFloats(name);
  const tensorName = layer.at(-1) === 'latent' ? 'filter' : layer.at(-1);
  const source = layersOfBottleneck.get(layer.slice(0, -1).join('.'));
  return source === undefined ? '' : `blocks.${place}.${source}.${tensorName}`;
}

function sourceInBasicBlock(name: string): string {
  const [part, place, layer, ...rest] = name.split('.');
  if (part !== 'blocks') return inFloats(name);
  const [block, second] = [Math.floor(Number(place) / 2), Number(place) % 2];
  if (layer === 'conv') return `blocks.${block}.conv${second + 1}.filter`;
  // The second of the two blocks has no shortcut of its own.
  return layer === 'shortcut' && second === 0 ? ['blocks', block, layer, ...rest].join('.') : '';
}

function meanMagnitude(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]);
  return sum / values.length;
}

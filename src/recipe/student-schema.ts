import { mapOf, numberIn, oneOf, text, wholeNumber } from '../files/setting-types.js';
import { networkNames } from '../models/create-network.js';
import { defaultStructure } from '../models/structure.js';
import { attentionNames, noAttention } from '../nn/attention/registry.js';
import { defaultMomentum } from '../nn/batch-norm.js';
import { skipNames } from '../nn/blocks/block.js';
import { blockNames } from '../nn/blocks/registry.js';
import { downsampleNames } from '../nn/downsample.js';
import { endLayerNames } from '../nn/end-layers.js';

const { block, skip, downsample, attention, width, groups, firstLayer, lastLayer } = defaultStructure;

/** The network that is trained. */
export const student = mapOf({
  name: oneOf(networkNames)
    .default('')
    .describe('A binary network, or a full-precision network that is to be a teacher'),
  block: text('the name of a block')
    .default(block)
    .describe(`The order of operations in a block: ${blockNames.join(', ')}, or one that was registered`),
  skip: oneOf(skipNames)
    .default(skip)
    .describe('double: each binary convolution has a skip of its own; single: two share one'),
  downsample: oneOf(downsampleNames)
    .default(downsample)
    .describe(
      'Shortcuts that halve the map: v1 1×1 convolution, BatchNorm, average of 2×2; v2 the average first; v3 averages of 3×3',
    ),
  attention: text('the name of an attention')
    .default(attention)
    .describe(
      `What multiplies the output of each binary convolution: ${[noAttention, ...attentionNames].join(', ')}, or one that was registered`,
    ),
  width: numberIn({ above: 0 }).default(width).describe('Multiplies the channels of each level'),
  groups: wholeNumber(1)
    .default(groups)
    .describe('Groups of each binary convolution; they must divide the channels of every level'),
  firstLayer: oneOf(endLayerNames)
    .default(firstLayer)
    .describe('The weights of the first convolution; its input stays real-valued'),
  lastLayer: oneOf(endLayerNames).default(lastLayer).describe('The weights and the input of the classifier'),
  batchNorm: mapOf({
    momentum: numberIn({ above: 0 })
      .default(defaultMomentum)
      .describe('The share of the new value in running statistics; at most 1'),
  }).prefault({}),
});

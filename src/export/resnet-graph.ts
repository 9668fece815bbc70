import type { ResNet } from '../models/resnet.js';
import { blockPlaces } from '../models/depths.js';
import { blockConvolutions } from '../nn/blocks/residual-block.js';
import { stemFor } from '../models/stem.js';
import { GraphBuilder, graphNames, levelTensor } from './graph-builder.js';
import type { OnnxGraph } from './onnx-messages.js';

/**
 * A full-precision ResNet in evaluation mode as a graph of standard operators. The input is [batch, 3, H, W],
 * the output logits [batch, classes], and the feature map of level n the tensor `level<n>`.
 */
export function resNetGraph(network: ResNet): OnnxGraph {
  const { activation, depth, size, epsilon } = network;
  const graph = new GraphBuilder(network.store.named());
  const { stride, pad, pools } = stemFor(size);
  let x = graph.convolution(graphNames.input, 'stem.conv', { stride, pad });
  if (pools) x = graph.maxPool(x, 'stem.pool');
  x = graph.activation(graph.batchNorm(x, 'stem.bn', epsilon), 'stem', activation);
  blockPlaces(depth).forEach(({ endsLevel, ...block }, place) => {
    const name = `blocks.${place}`;
    const convolutions = blockConvolutions(block);
    let y = x;
    convolutions.forEach(({ window, stride: step }, i) => {
      const convolved = graph.convolution(y, `${name}.conv${i + 1}`, { stride: step, pad: (window - 1) / 2 });
      y = graph.batchNorm(convolved, `${name}.bn${i + 1}`, epsilon);
      if (i < convolutions.length - 1) y = graph.activation(y, `${name}.inner${i + 1}`, activation);
    });
    let residual = x;
    if (block.stride !== 1 || block.inputs !== block.outputs) {
      const convolved = graph.convolution(x, `${name}.shortcut.conv`, { stride: block.stride, pad: 0 });
      residual = graph.batchNorm(convolved, `${name}.shortcut.bn`, epsilon);
    }
    const sum = graph.add(y, residual, `${name}.sum`);
    x = graph.activation(sum, endsLevel === undefined ? name : levelTensor(endsLevel), activation);
  });
  graph.meanClassifier(x, 'head.linear');
  return graph.graphOf(network);
}

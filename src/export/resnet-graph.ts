import type { ResNet } from '../models/resnet.js';
import { blockPlaces } from '../models/depths.js';
import { stemFor } from '../models/stem.js';
import { GraphBuilder, graphNames, levelTensor } from './graph-builder.js';
import type { OnnxGraph } from './onnx-messages.js';

/**
 * A full-precision ResNet in evaluation mode as a graph of standard operators: input [batch, 3, H, W], output logits
 * [batch, classes]; the feature map of level n is the tensor `level<n>`.
 */
export function resNetGraph(network: ResNet): OnnxGraph {
  const { activation, depth, size, epsilon } = network;
  const graph = new GraphBuilder(network.store.named());
  const { stride, pad, pools } = stemFor(size);
  let x = graph.convolution(graphNames.input, 'stem.conv', { stride, pad });
  if (pools) x = graph.maxPool(x, 'stem.pool');
  x = graph.activation(graph.batchNorm(x, 'stem.bn', epsilon), 'stem', activation);
  blockPlaces(depth).forEach(({ inputs, outputs, stride: step, endsLevel }, place) => {
    const name = `blocks.${place}`;
    const first = graph.convolution(x, `${name}.conv1`, { stride: step, pad: 1 });
    const inner = graph.activation(
      graph.batchNorm(first, `${name}.bn1`, epsilon),
      `${name}.inner`,
      activation,
    );
    const second = graph.convolution(inner, `${name}.conv2`, { stride: 1, pad: 1 });
    const normalised = graph.batchNorm(second, `${name}.bn2`, epsilon);
    let residual = x;
    if (step !== 1 || inputs !== outputs) {
      const convolved = graph.convolution(x, `${name}.shortcut.conv`, { stride: step, pad: 0 });
      residual = graph.batchNorm(convolved, `${name}.shortcut.bn`, epsilon);
    }
    const sum = graph.add(normalised, residual, `${name}.sum`);
    x = graph.activation(sum, endsLevel === undefined ? name : levelTensor(endsLevel), activation);
  });
  graph.meanClassifier(x, 'head.linear');
  return graph.graphOf(network);
}

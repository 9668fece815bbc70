import type { VggSmall } from '../models/vgg-small.js';
import { GraphBuilder, graphNames, levelTensor } from './graph-builder.js';
import type { OnnxGraph } from './onnx-messages.js';

/**
 * A full-precision VGG-small in evaluation mode as a graph of standard operators; see `resNetGraph`. Feature
 * maps are those before the BatchNorms.
 */
export function vggSmallGraph(network: VggSmall): OnnxGraph {
  const { activation, depth, epsilon } = network;
  const graph = new GraphBuilder(network.store.named());
  const same = { stride: 1, pad: 1 };
  let x = graph.convolution(graphNames.input, 'stem.conv', same);
  let place = 0;
  depth.blocks.forEach((count, level) => {
    for (let i = 0; i < count; i++) {
      if (level > 0 || i > 0) {
        const name = `blocks.${place++}`;
        const operand = graph.activation(graph.batchNorm(x, `${name}.bn`, epsilon), name, activation);
        x = graph.convolution(operand, `${name}.conv`, same);
      }
    }
    x = graph.maxPoolWhole(x, levelTensor(level + 1), 2);
  });
  const last = graph.activation(graph.batchNorm(x, 'head.bn', epsilon), 'head', activation);
  graph.mapClassifier(last, 'head.linear');
  return graph.graphOf(network);
}

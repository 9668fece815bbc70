import type { ResNet } from '../models/resnet.js';
import { stemFor } from '../models/stem.js';
import { GraphBuilder } from './graph-builder.js';
import type { OnnxGraph } from './onnx-messages.js';

/** The name of the graph's input, and of its output. */
export const graphNames = { input: 'images', logits: 'logits' } as const;

/** The name of the tensor that holds a level's feature map. */
export function levelTensor(level: number): string {
  return `level${level}`;
}

/**
 * A full-precision ResNet in evaluation mode as a graph of standard operators: input [batch, 3, H, W], output logits
 * [batch, classes]; the feature map of level n is the tensor `level<n>`.
 */
export function resNetGraph(network: ResNet): OnnxGraph {
  const { activation, depth, size, classes, epsilon } = network;
  const graph = new GraphBuilder(network.store.named());
  const { stride, pad, pools } = stemFor(size);
  let x = graph.convolution(graphNames.input, 'stem.conv', { stride, pad });
  if (pools) x = graph.maxPool(x, 'stem.pool');
  x = graph.activation(graph.batchNorm(x, 'stem.bn', epsilon), 'stem', activation);
  let inputs = depth.widths[0];
  let place = 0;
  depth.widths.forEach((outputs, level) => {
    for (let i = 0; i < depth.blocks[level]; i++) {
      const name = `blocks.${place++}`;
      const isLast = i === depth.blocks[level] - 1;
      const step = level > 0 && i === 0 ? 2 : 1;
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
      x = graph.activation(sum, isLast ? levelTensor(level + 1) : name, activation);
      inputs = outputs;
    }
  });
  graph.meanClassifier(x, 'head.linear');
  return {
    name: network.name,
    node: graph.nodes,
    initializer: graph.initializers,
    input: [{ name: graphNames.input, shape: ['batch', 3, ...size] }],
    output: [{ name: graphNames.logits, shape: ['batch', classes] }],
  };
}

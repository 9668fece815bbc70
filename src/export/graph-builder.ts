import type { Tensor } from '@tensorflow/tfjs-core';
import type { Network } from '../models/network.js';
import { type Activation, outerSlopes } from '../ops/batch-norm-activation.js';
import {
  attributeTypes,
  float32,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from './onnx-messages.js';

/** The tensors of a network by their names in checkpoints. */
export type Parameters = ReadonlyMap<string, Tensor>;

/** The names of the graph's input and output. */
export const graphNames = { input: 'images', logits: 'logits' } as const;

/** The name of the tensor with a level's feature map. */
export function levelTensor(level: number): string {
  return `level${level}`;
}

/** Builds a graph node by node. Each method returns the name of the tensor that it adds. */
export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];
  readonly #constants = new Map<number, string>();

  constructor(private readonly parameters: Parameters) {}

  /**
   * The graph of a network with all nodes added so far: images [batch, 3, H, W] to logits [batch, classes].
   */
  graphOf({ name, size, classes }: Pick<Network, 'name' | 'size' | 'classes'>): OnnxGraph {
    return {
      name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: [{ name: graphNames.input, shape: ['batch', 3, ...size] }],
      output: [{ name: graphNames.logits, shape: ['batch', classes] }],
    };
  }

  /** A convolution without bias, with the parameter `<name>.filter`. */
  convolution(x: string, name: string, { stride, pad }: { stride: number; pad: number }): string {
    const filter = this.#parameter(`${name}.filter`);
    const [height, width, inputs, outputs] = filter.shape as [number, number, number, number];
    const values = filter.dataSync();
    // HWIO to OIHW.
    const turned = new Float32Array(values.length);
    let at = 0;
    for (let k = 0; k < outputs; k++)
      for (let c = 0; c < inputs; c++)
        for (let tap = 0; tap < height * width; tap++)
          turned[at++] = values[(tap * inputs + c) * outputs + k];
    const weight = this.#initializer(`${name}.filter`, [outputs, inputs, height, width], turned);
    return this.#node('Conv', name, [x, weight], {
      kernel_shape: [height, width],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  }

  /** A BatchNorm in evaluation mode, with the parameters and buffers of `name`. */
  batchNorm(x: string, name: string, epsilon: number): string {
    const inputs = ['gamma', 'beta', 'runningMean', 'runningVariance'].map((key) => {
      const tensor = this.#parameter(`${name}.${key}`);
      return this.#initializer(`${name}.${key}`, tensor.shape, Float32Array.from(tensor.dataSync()));
    });
    return this.#node('BatchNormalization', name, [x, ...inputs], {}, { epsilon });
  }

  /** An activation in standard operators. */
  activation(x: string, name: string, activation: Activation): string {
    if (activation === 'relu') return this.#node('Relu', name, [x]);
    if (activation === 'hardClamp') return this.#clip(x, name);
    // clip(x) + 0.1·(x − clip(x))
    const clipped = this.#clip(x, `${name}.clip`);
    const beyond = this.#node('Sub', `${name}.beyond`, [x, clipped]);
    const scaled = this.#node('Mul', `${name}.scaled`, [beyond, this.#constant(outerSlopes[activation])]);
    return this.add(clipped, scaled, name);
  }

  add(a: string, b: string, name: string): string {
    return this.#node('Add', name, [a, b]);
  }

  maxPool(x: string, name: string): string {
    return this.#node('MaxPool', name, [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  }

  /** Max pooling without overlap. */
  maxPoolWhole(x: string, name: string, window: number): string {
    return this.#node('MaxPool', name, [x], { kernel_shape: [window, window], strides: [window, window] });
  }

  /** A linear classifier on the global mean of x, with the parameters of `name`. */
  meanClassifier(x: string, name: string): string {
    return this.#classifier(this.#node('GlobalAveragePool', 'pool', [x]), name);
  }

  /** A linear classifier on all of x, flattened with channels innermost as in our maps. */
  mapClassifier(x: string, name: string): string {
    return this.#classifier(this.#node('Transpose', 'channels last', [x], { perm: [0, 2, 3, 1] }), name);
  }

  #classifier(x: string, name: string): string {
    const flat = this.#node('Flatten', 'flatten', [x]);
    const inputs = ['weight', 'bias'].map((key) => {
      const tensor = this.#parameter(`${name}.${key}`);
      return this.#initializer(`${name}.${key}`, tensor.shape, Float32Array.from(tensor.dataSync()));
    });
    return this.#node('Gemm', graphNames.logits, [flat, ...inputs]);
  }

  #clip(x: string, name: string): string {
    return this.#node('Clip', name, [x, this.#constant(-1), this.#constant(1)]);
  }

  #constant(value: number): string {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const name = this.#initializer(`constant ${value}`, [], Float32Array.of(value));
    this.#constants.set(value, name);
    return name;
  }

  #parameter(name: string): Tensor {
    const found = this.parameters.get(name);
    if (!found) throw new Error(`the network has no ${name}`);
    return found;
  }

  #initializer(name: string, dims: readonly number[], values: Float32Array): string {
    const raw = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => raw.writeFloatLE(value, 4 * i));
    this.#initializers.push({ name, dims, data_type: float32, raw_data: raw });
    return name;
  }

  #node(
    op: string,
    name: string,
    input: readonly string[],
    ints: Readonly<Record<string, readonly number[]>> = {},
    floats: Readonly<Record<string, number>> = {},
  ): string {
    const attribute: OnnxAttribute[] = [
      ...Object.entries(ints).map(([key, value]) => ({ name: key, type: attributeTypes.ints, ints: value })),
      ...Object.entries(floats).map(([key, value]) => ({ name: key, type: attributeTypes.f, f: value })),
    ];
    this.#nodes.push({ name, op_type: op, input, output: [name], attribute });
    return name;
  }
}

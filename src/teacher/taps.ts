import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import type { TeacherCard } from './card.js';
import type { MapShape } from './feature-map.js';
import { mapShape } from './feature-map.js';
import type { ImageInput } from './image-input.js';
import type { ModelFile } from './model-file.js';
import { OnnxSession } from './onnx-session.js';
import type { OnnxModel } from './onnx-wire.js';
import type { Tap } from './targets.js';

/** A tap, and the order of its tensor's axes in the model. */
export type ModelTap = Tap & MapShape;

const activations = new Set(
  'Relu PRelu LeakyRelu Clip Elu Selu Celu Sigmoid HardSigmoid HardSwish Tanh Softplus Mish Gelu ThresholdedRelu'.split(
    ' ',
  ),
);

/**
 * The feature maps that a teacher gives: those of its card, or else those of {@link automaticTaps}.
 *
 * @throws InputError if the card names a tensor that the model lacks or that is not a feature map
 */
export async function findTaps(
  file: ModelFile,
  input: ImageInput,
  card: TeacherCard['taps'],
): Promise<ModelTap[]> {
  if (card === undefined) return automaticTaps(file, input);
  const tensors = file.model.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ''));
  for (const { tensor, name } of card)
    if (!tensors.includes(tensor))
      throw new InputError(`tap ${name} names the tensor "${tensor}", which is not in ${file.path}`, {
        nearest: nearestNames(tensor, tensors),
      });
  const shapes = await probe(file, input, [...new Set(card.map(({ tensor }) => tensor))]);
  return card.map(({ name, tensor, level }) => {
    const dims = shapes.get(tensor) ?? [];
    if (dims.length !== 4)
      throw new InputError(
        `tap ${name}: tensor "${tensor}" has rank ${dims.length}, expected a feature map of rank 4`,
      );
    return { name, tensor, level, ...mapShape(dims) };
  });
}

/**
 * Finds the outputs of a residual network's levels. Candidates are the sums of rank 4; if the only consumer
 * of a sum is an activation, that is the candidate. The last candidate of each C×H×W is the output of a
 * level. Levels are numbered from 1 in order of decreasing H·W, and named `level1`, `level2`, …
 */
export async function automaticTaps(file: ModelFile, input: ImageInput): Promise<ModelTap[]> {
  const candidates = tapCandidates(file.model);
  if (candidates.length === 0) return [];
  const shapes = await probe(file, input, candidates);
  const last = new Map<string, { tensor: string } & MapShape>();
  for (const tensor of candidates) {
    const dims = shapes.get(tensor) ?? [];
    if (dims.length !== 4) continue;
    const key = dims.slice(1).join('×');
    last.delete(key); // The map is then in the order of the last candidates.
    last.set(key, { tensor, ...mapShape(dims) });
  }
  return [...last.values()]
    .sort((a, b) => b.shape[0] * b.shape[1] - a.shape[0] * a.shape[1])
    .map((tap, index) => ({ name: `level${index + 1}`, level: index + 1, ...tap }));
}

/** Tensors that may be outputs of levels, in the order of the graph. */
function tapCandidates({ nodes, initializers, outputs }: OnnxModel): string[] {
  const constants = new Set(initializers.map(({ name }) => name));
  for (const node of nodes) if (node.op === 'Constant') node.outputs.forEach((name) => constants.add(name));
  const consumers = new Map<string, typeof nodes>();
  for (const node of nodes)
    for (const name of new Set(node.inputs)) consumers.set(name, [...(consumers.get(name) ?? []), node]);
  const graphOutputs = new Set(outputs.map(({ name }) => name));
  return (
    nodes
      // A sum with a constant is a bias or part of an activation (hard swish), not a skip connection.
      .filter(({ op, inputs }) => op === 'Add' && !inputs.some((name) => constants.has(name)))
      .map(({ outputs: [sum] }) => {
        const uses = consumers.get(sum) ?? [];
        const only = uses.length === 1 && !graphOutputs.has(sum) ? uses[0] : undefined;
        return only !== undefined && activations.has(only.op) ? only.outputs[0] : sum;
      })
  );
}

/** Runs the model once for the shapes of tensors, with one image or the model's fixed batch size. */
async function probe(
  file: ModelFile,
  input: ImageInput,
  tensors: readonly string[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  if (tensors.length === 0) return new Map();
  const batch = input.batch ?? 1;
  const session = await OnnxSession.create(file, tensors, { threads: 1, optimise: false });
  try {
    const results = await session.run(
      input,
      batch,
      new Float32Array(batch * 3 * input.size[0] * input.size[1]),
    );
    return new Map([...results].map(([name, { dims }]) => [name, dims]));
  } finally {
    await session.release();
  }
}

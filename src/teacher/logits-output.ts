import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import type { TeacherCard } from './card.js';
import type { ModelFile } from './model-file.js';

/** The tensor with a model's logits. */
export interface LogitsOutput {
  /** The tensor to fetch. It is not an output of the graph if the model ends in a softmax. */
  readonly tensor: string;
  /**
   * Whether the tensor has probabilities, computed without a Softmax node. Then their logarithms are the
   * logits.
   */
  readonly probabilities: boolean;
}

// Nodes that exporters put behind a softmax; they keep the order of the values. For example, a float16 model
// ends in a Cast.
const passing = new Set(['Identity', 'Cast', 'Dropout', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Log']);

/**
 * Finds the tensor with a model's logits. If the output comes from a Softmax or LogSoftmax node, directly or
 * through nodes that only cast or reshape, it is the input of that node; otherwise it is the output.
 *
 * @throws InputError if the model lacks the output that the card names, or has several and none is named
 */
export function logitsOutput({ path, model }: ModelFile, outputs: TeacherCard['outputs']): LogitsOutput {
  const names = model.outputs.map(({ name }) => name);
  let name = outputs?.logits;
  if (name !== undefined && !names.includes(name))
    throw new InputError(`${path} has no output "${name}", which its teacher card names`, {
      nearest: nearestNames(name, names),
      fix: `its outputs are ${names.join(', ')}`,
    });
  if (name === undefined && names.length !== 1)
    throw new InputError(
      `${path} has ${names.length} outputs (${names.join(', ')}) and nothing says which has the logits`,
      {
        fix: 'name it as outputs.logits in the teacher card',
      },
    );
  name ??= names[0];
  const producers = new Map(
    model.nodes.flatMap((node) => node.outputs.map((tensor) => [tensor, node] as const)),
  );
  let last = producers.get(name);
  while (last !== undefined && passing.has(last.op)) last = producers.get(last.inputs[0]);
  if (last?.op === 'Softmax' || last?.op === 'LogSoftmax')
    return { tensor: last.inputs[0], probabilities: false };
  return { tensor: name, probabilities: outputs?.kind === 'probabilities' };
}

import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import type { TeacherCard } from './card.js';
import type { ModelFile } from './model-file.js';

/** Where a model's logits are. */
export interface LogitsOutput {
  /** The tensor to fetch; not an output of the graph where the model ends in a softmax. */
  readonly tensor: string;
  /** The tensor holds probabilities that the model computed without a Softmax node: their logarithms serve as logits. */
  readonly probabilities: boolean;
}

// What exporters put behind a softmax without changing the order of the values: a float16 model ends in a Cast to float32.
const passing = new Set(['Identity', 'Cast', 'Dropout', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Log']);

/**
 * The tensor with a model's logits: the input of the Softmax or LogSoftmax node that gives the output, directly or through
 * nodes that only cast or reshape, or else the output.
 * @throws {InputError} if the card names an output that is not there, or if there are several and none is named.
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
      `${path} has ${names.length} outputs (${names.join(', ')}) and it is not said which holds the logits`,
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

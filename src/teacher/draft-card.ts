import { access, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { InputError } from '../errors.js';
import { cardPathBeside } from './find-teacher.js';
import { imageInput } from './image-input.js';
import type { ImageInput } from './image-input.js';
import type { ModelFile } from './model-file.js';
import { readModelFile } from './model-file.js';
import { automaticTaps } from './taps.js';

/**
 * Drafts the teacher card of a model. Facts of the ONNX file are filled in. The others are comments that say
 * what to fill in, so that an unfinished draft is refused with the name of the missing key.
 *
 * @returns the card as YAML
 * @throws InputError for a model that cannot be read, or whose input is not an image
 */
export async function draftCard(modelPath: string): Promise<string> {
  const file = await readModelFile(modelPath);
  // If the model leaves the size open, any size will do to find taps.
  const input = imageInput(file, {}, [224, 224]);
  const shape = file.model.inputs[0].shape ?? [];
  const open = (input.layout === 'nchw' ? [2, 3] : [1, 2]).some((axis) => typeof shape[axis] !== 'number');
  return cardText(file, input, open, await tapLines(file, input));
}

/**
 * Writes the draft of a model's card next to it.
 *
 * @returns the path of the card: that of the model with `.onnx` replaced by `.yaml`
 * @throws InputError as {@link draftCard} does, if the card exists already, or if it cannot be written
 */
export async function writeDraftCard(modelPath: string): Promise<string> {
  const path = cardPathBeside(modelPath);
  const text = await draftCard(modelPath);
  const present = await access(path).then(
    () => true,
    () => false,
  );
  if (present)
    throw new InputError(`the teacher card ${path} exists already`, { fix: 'edit it, or remove it first' });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    // The first error is the one that is reported.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new InputError(`cannot write the teacher card ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return path;
}

function cardText(
  { path, model, sha256 }: ModelFile,
  input: ImageInput,
  open: boolean,
  taps: string[],
): string {
  const output = model.outputs[0];
  const count = output.shape?.at(-1);
  const last = model.nodes.find(({ outputs }) => outputs.includes(output.name));
  const sums = sha256.length === 1 ? ` ${sha256[0]}` : sha256.map((sum) => `\n  - ${sum}`).join('');
  return [
    `# Teacher card of ${basename(path)}, with what its ONNX file does not say. Fill in the lines marked "fill in", check the others.`,
    'schema: 1',
    `file: ${quoted(basename(path))}`,
    `sha256:${sums}`,
    'input:',
    `  name: ${quoted(input.name)}`,
    `  layout: ${input.layout}`,
    open
      ? '  # size: [224, 224]             # fill in: [height, width] of the images; the model leaves it open'
      : `  size: [${input.size.join(', ')}]`,
    '  color: rgb                     # check: rgb or bgr',
    '  scale: 1/255                   # check: 1/255 where mean and std are for images in [0, 1], 1 for bytes',
    '  # mean: [0.485, 0.456, 0.406]  # fill in: mean of each channel in training (these are those of ImageNet)',
    '  # std: [0.229, 0.224, 0.225]   # fill in: standard deviation of each channel in training',
    'outputs:',
    `  logits: ${quoted(output.name)}${model.outputs.length > 1 ? '  # check: the first of several outputs' : ''}`,
    `  kind: ${last?.op === 'Softmax' ? 'probabilities' : 'logits         '}           # check: logits, or probabilities after softmax`,
    ...taps,
    `# classes: [first, second]       # fill in: ${typeof count === 'number' ? `the ${count}` : 'all'} class names in the order of the logits`,
    '# dataset: cifar10               # may be filled in: the kind of its data',
    '# expectedTop1: 90.0             # may be filled in: its accuracy on the test images, in percent',
    '# source: https://…              # may be filled in: where the model comes from',
    '# licence: …                     # may be filled in',
    '',
  ].join('\n');
}

/** The automatic taps as comments. */
async function tapLines(file: ModelFile, input: ImageInput): Promise<string[]> {
  const taps = await automaticTaps(file, input).catch((error: unknown) => {
    if (error instanceof InputError) return []; // The model does not run with this size.
    throw error;
  });
  return [
    '# Feature maps are found automatically unless they are named here:',
    '# taps:',
    ...(taps.length === 0 ? ['#   - { name: level1, tensor: "…", level: 1 }'] : []),
    ...taps.map(
      ({ name, tensor, level }) => `#   - { name: ${name}, tensor: ${quoted(tensor)}, level: ${level} }`,
    ),
  ];
}

/** JSON strings are YAML strings. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

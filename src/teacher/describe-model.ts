import { InputError } from '../errors.js';
import { findTeacher } from './find-teacher.js';
import { imageInput } from './image-input.js';
import type { OnnxValue } from './onnx-wire.js';
import { findTaps } from './taps.js';
import type { Tap } from './targets.js';

/** The facts that `distill inspect` prints of an ONNX model. */
export interface ModelDescription {
  readonly path: string;
  /** SHA-256 of the model file. */
  readonly sha256: string;
  readonly bytes: number;
  readonly producer: string;
  readonly irVersion: number;
  readonly opset: number;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: number;
  /** Elements of the initialisers that hold weights. */
  readonly parameters: number;
  /** Further files with weights. */
  readonly externalFiles: readonly string[];
  /** The card of the model, if one was found. */
  readonly cardPath: string | undefined;
  /** The feature maps that it would give as a teacher. */
  readonly taps: readonly Tap[];
  /** Why there are no taps, for example because it is not an image classifier. */
  readonly noTaps: string | undefined;
}

/**
 * Describes an ONNX model, or the model of a teacher card.
 *
 * @throws InputError for a file that is missing, truncated or not an ONNX model, and for a wrong card
 */
export async function describeModel(path: string): Promise<ModelDescription> {
  const { file, card, cardPath } = await findTeacher(path);
  const { irVersion, opset, producer, inputs, outputs, nodes, parameters, externalFiles } = file.model;
  let taps: readonly Tap[] = [];
  let noTaps: string | undefined;
  try {
    taps = (await findTaps(file, imageInput(file, card?.input), card?.taps)).map(
      ({ name, tensor, level, shape }) => ({
        name,
        tensor,
        level,
        shape,
      }),
    );
    if (taps.length === 0) noTaps = 'the model has no sums of feature maps; name its taps in a teacher card';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    noTaps = error.message;
  }
  return {
    path: file.path,
    sha256: file.sha256[0],
    bytes: file.bytes.length,
    producer,
    irVersion,
    opset,
    inputs,
    outputs,
    nodes: nodes.length,
    parameters,
    externalFiles,
    cardPath,
    taps,
    noTaps,
  };
}

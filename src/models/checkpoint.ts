import { tensor, tidy } from '@tensorflow/tfjs-core';
import type { ImageResize } from '../data/dataset.js';
import { InputError } from '../errors.js';
import { type NamedTensor, readSafetensors, writeSafetensors } from '../files/safetensors.js';
import { structureOf } from './structure.js';
import { createNetwork } from './create-network.js';
import { defaultActivation } from './resnet.js';
import type { Network } from './network.js';
import type { BatchNormOptions } from '../nn/batch-norm.js';
import { type BinaryOperands, type BinaryOption, checkedBinaryOperands } from '../nn/binary-operands.js';
import { type Activation, checkedActivation } from '../ops/batch-norm-activation.js';
import type { SignGradientName } from '../nn/sign-gradient.js';
import { shapeText } from '../ops/shape-text.js';

/** The version of names and metadata in checkpoints. */
const formatVersion = '1';
/** The size of a checkpoint that names none. */
const smallImages: readonly [number, number] = [32, 32];

/** What a checkpoint says of the student beside its tensors. */
export interface CheckpointFacts {
  /** Class names in label order. */
  readonly classes: readonly string[];
  /** Epochs trained. */
  readonly epoch: number;
  /** How images in files are brought to its size; absent for images that have it. */
  readonly resize?: ImageResize;
}

/**
 * Writes a student's parameters and running statistics. Names are paths (`blocks.3.conv.latent`), filters
 * HWIO, linear weights [in, out].
 *
 * Metadata: `format`, `architecture`, `classes` (JSON) and `epoch`; and, where it is not the default, `size`
 * (JSON, [height, width]), `resize` (JSON), `binarise` (the binary operands), `activation` of a
 * full-precision network, and the keys of the `Structure`.
 */
export async function saveStudent(path: string, student: Network, facts: CheckpointFacts): Promise<void> {
  const tensors = new Map<string, NamedTensor>();
  for (const [name, variable] of student.store.named()) {
    tensors.set(name, { shape: variable.shape, values: (await variable.data()) as Float32Array });
  }
  const metadata = {
    format: formatVersion,
    architecture: student.name,
    classes: JSON.stringify(facts.classes),
    epoch: String(facts.epoch),
    ...(student.size.join() === smallImages.join() ? {} : { size: JSON.stringify(student.size) }),
    ...(facts.resize === undefined ? {} : { resize: JSON.stringify(facts.resize) }),
    ...student.metadata,
  };
  await writeSafetensors(path, { tensors, metadata });
}

/** A student read back, and what its checkpoint says of it. */
export interface LoadedStudent extends CheckpointFacts {
  readonly student: Network;
}

/** Settings of {@link loadStudent}. */
export interface LoadOptions extends BinaryOption {
  /**
   * The binary operands, instead of those in the checkpoint: the second stage of training starts from the
   * tensors of the first.
   */
  readonly binary?: BinaryOperands;
  /**
   * How gradients pass the sign of activations when it is trained on; default 'ste'. Checkpoints do not hold
   * it.
   */
  readonly signGradient?: SignGradientName;
  /** The activation of a full-precision network, instead of that in the checkpoint. */
  readonly activation?: Activation;
  /** Of its BatchNorms when it is trained on. Checkpoints do not hold it. */
  readonly batchNorm?: BatchNormOptions;
}

/**
 * Makes the student that a checkpoint holds.
 *
 * @throws InputError for a file that is missing or damaged, another format version, or tensors that do not
 *   fit the architecture
 */
export async function loadStudent(path: string, options: LoadOptions = {}): Promise<LoadedStudent> {
  const { tensors, metadata } = await readSafetensors(path);
  const { format, architecture, classes, epoch, size, resize, binarise, activation } = metadata;
  if (format !== formatVersion || architecture === undefined || classes === undefined) {
    throw new InputError(
      `${path} is not a checkpoint of a student of format ${formatVersion} (its format is ${format ?? 'not said'}).`,
    );
  }
  const names = JSON.parse(classes) as string[];
  const student = createNetwork(architecture, {
    classes: names.length,
    size: size === undefined ? smallImages : (JSON.parse(size) as [number, number]),
    binary: checkedBinaryOperands(options.binary ?? options.binarise ?? binarise ?? 'both'),
    ...structureOf(metadata),
    ...(options.batchNorm ? { batchNorm: options.batchNorm } : {}),
    activation: options.activation ?? checkedActivation(activation ?? defaultActivation),
    ...(options.signGradient === undefined ? {} : { signGradient: options.signGradient }),
  });
  try {
    fill(path, student, tensors);
  } catch (error) {
    student.dispose();
    throw error;
  }
  const ofFiles = resize === undefined ? {} : { resize: JSON.parse(resize) as ImageResize };
  return { student, classes: names, epoch: Number(epoch), ...ofFiles };
}

function fill(path: string, student: Network, tensors: ReadonlyMap<string, NamedTensor>): void {
  const variables = student.store.named();
  for (const [name, variable] of variables) {
    const held = tensors.get(name);
    if (!held) throw new InputError(`${path} lacks the tensor '${name}' of ${student.name}.`);
    if (held.shape.join() !== variable.shape.join()) {
      throw new InputError(
        `${path} holds '${name}' as ${shapeText(held)}; ${student.name} has it as ${shapeText(variable)}.`,
      );
    }
    tidy(() => variable.assign(tensor(held.values, [...held.shape])));
  }
  const stranger = [...tensors.keys()].find((name) => !variables.has(name));
  if (stranger !== undefined)
    throw new InputError(`${path} holds '${stranger}', which ${student.name} does not have.`);
}

import { InputError } from '../errors.js';
import type { WireField } from './wire.js';
import {
  WireError,
  WireType,
  concatenate,
  encodeBytesField,
  wireFields,
  wireIntegers,
  wireText,
} from './wire.js';

/** A dimension: its length, the name of a symbolic one (`batch`), or null if the model does not say. */
export type OnnxDimension = number | string | null;

/** An input or output of the graph. */
export interface OnnxValue {
  readonly name: string;
  /** `float32`, `int64`, …; `unknown` if the model does not say. */
  readonly dtype: string;
  /** Undefined if the model does not say. */
  readonly shape: readonly OnnxDimension[] | undefined;
}

/** One operation. */
export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  /** Tensor names; the empty string for an optional input that is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A constant tensor of the graph, without its data. */
export interface OnnxInitializer {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  /** The file with the data, relative to the model's folder, if it is not the model. */
  readonly externalFile: string | undefined;
}

/** The description of a model. */
export interface OnnxModel {
  readonly irVersion: number;
  /** Version of the standard operator set. */
  readonly opset: number;
  /** The program that wrote the model; empty if unknown. */
  readonly producer: string;
  /** The inputs of the graph. Initialisers, which old models list as inputs, are left out. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  /** Elements of all initialisers except int64, bool and string ones, which are shapes and indices. */
  readonly parameters: number;
  /** Further files with initialisers, each once, in the order of the graph. */
  readonly externalFiles: readonly string[];
}

// The names of TensorProto.DataType by number, spelled as in ONNX Runtime's JavaScript API.
const dtypes =
  'unknown float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 complex128 bfloat16'.split(
    ' ',
  );

// Wire types of ModelProto's fields by number. A file with any other field is not an ONNX model.
const modelFields = new Map<number, number>([
  [1, WireType.varint], // ir_version
  [2, WireType.bytes], // producer_name
  [3, WireType.bytes], // producer_version
  [4, WireType.bytes], // domain
  [5, WireType.varint], // model_version
  [6, WireType.bytes], // doc_string
  [7, WireType.bytes], // graph
  [8, WireType.bytes], // opset_import
  [14, WireType.bytes], // metadata_props
  [20, WireType.bytes], // training_info
  [25, WireType.bytes], // functions
  [26, WireType.bytes], // configuration
]);
const irVersionKey = 0x08;

/**
 * Reads the description of an ONNX model. No tensor data are copied.
 *
 * @param model the serialised ModelProto
 * @param path its file name, for messages
 * @throws InputError "… is not an ONNX model: …" or "… is truncated: …".
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function readOnnx(model: Uint8Array, path: string): OnnxModel {
  if (model.length === 0) throw new InputError(`${path} is not an ONNX model: it is empty`);
  let irVersion = 0;
  let opset: number | undefined;
  let producer = '';
  const graphs: Uint8Array[] = [];
  try {
    for (const field of wireFields(model)) {
      if (modelFields.get(field.number) !== field.type) throw notOnnx(model, path);
      if (field.number === 1) irVersion = field.value;
      else if (field.number === 2) producer = wireText(field);
      else if (field.number === 7) graphs.push(field.bytes);
      else if (field.number === 8) opset = standardOpset(field.bytes) ?? opset;
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    // Every exporter writes ir_version first. A file that starts otherwise and cannot be parsed is not an
    // ONNX model.
    if (!error.ended || model[0] !== irVersionKey) throw notOnnx(model, path, error);
    throw truncated(
      path,
      `it ends at byte ${model.length}, inside the part that starts at byte ${error.offset}`,
      error,
    );
  }
  if (graphs.length === 0) {
    if (model[0] === irVersionKey && model.length < 256) throw truncated(path, 'it ends before the graph');
    throw new InputError(`${path} is not an ONNX model: it holds no graph`);
  }
  if (opset === undefined) throw truncated(path, 'it ends before the operator set');
  try {
    const graph = readGraph(graphs.length === 1 ? graphs[0] : concatenate(graphs));
    if (graph.outputs.length === 0)
      throw new InputError(`${path} is not an ONNX model: its graph has no output`);
    return { irVersion, opset, producer, ...graph };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new InputError(`${path} is not an ONNX model: its graph is damaged (${error.message})`, {
      cause: error,
    });
  }
}

/**
 * The model with more outputs. It appends the bytes of ModelProto{graph{output{name}}}, which protobuf merges
 * into the graph, so that nothing else is decoded or encoded. ONNX Runtime infers the types of outputs
 * without one.
 *
 * @param names names of tensors in the graph that are not outputs yet
 */
export function appendOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) =>
    encodeBytesField(12, encodeBytesField(1, new TextEncoder().encode(name))),
  );
  return names.length === 0 ? model : concatenate([model, encodeBytesField(7, concatenate(outputs))]);
}

function notOnnx(model: Uint8Array, path: string, cause?: unknown): InputError {
  const start = Buffer.from(model.subarray(0, 24)).toString('latin1');
  if (start.startsWith('version https://git-lfs'))
    return new InputError(`${path} is not an ONNX model: it is a Git LFS pointer to one`, {
      fix: 'git lfs pull',
    });
  const shown = /^[\x20-\x7e\s]+$/.test(start)
    ? JSON.stringify(start)
    : `bytes ${Buffer.from(model.subarray(0, 8)).toString('hex')}`;
  return new InputError(`${path} is not an ONNX model: it starts with ${shown}`, { cause });
}

function truncated(path: string, how: string, cause?: unknown): InputError {
  return new InputError(`${path} is truncated: ${how}`, { fix: 'fetch or export the model again', cause });
}

/** The version in an OperatorSetIdProto; undefined if it is not of the standard domain. */
function standardOpset(bytes: Uint8Array): number | undefined {
  let domain = '';
  let version = 0;
  for (const field of wireFields(bytes)) {
    if (field.number === 1) domain = wireText(field);
    else if (field.number === 2) version = field.value;
  }
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

function readGraph(graph: Uint8Array): Omit<OnnxModel, 'irVersion' | 'opset' | 'producer'> {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxInitializer[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  for (const field of wireFields(graph)) {
    if (field.number === 1) nodes.push(readNode(field.bytes));
    else if (field.number === 5) initializers.push(readTensor(field.bytes));
    else if (field.number === 11) inputs.push(readValue(field.bytes));
    else if (field.number === 12) outputs.push(readValue(field.bytes));
  }
  const constant = new Set(initializers.map(({ name }) => name));
  const weights = initializers.filter(({ dtype }) => !['int64', 'bool', 'string'].includes(dtype));
  return {
    inputs: inputs.filter(({ name }) => !constant.has(name)),
    outputs,
    nodes,
    initializers,
    parameters: weights.reduce((sum, { dims }) => sum + dims.reduce((size, dim) => size * dim, 1), 0),
    externalFiles: [...new Set(initializers.flatMap(({ externalFile }) => externalFile ?? []))],
  };
}

function readNode(bytes: Uint8Array): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let name = '';
  let op = '';
  for (const field of wireFields(bytes)) {
    if (field.number === 1) inputs.push(wireText(field));
    else if (field.number === 2) outputs.push(wireText(field));
    else if (field.number === 3) name = wireText(field);
    else if (field.number === 4) op = wireText(field);
  }
  return { op, name, inputs, outputs };
}

function readTensor(bytes: Uint8Array): OnnxInitializer {
  const dims: number[] = [];
  let name = '';
  let dtype = 0;
  let externalFile: string | undefined;
  for (const field of wireFields(bytes)) {
    if (field.number === 1) dims.push(...wireIntegers(field));
    else if (field.number === 2) dtype = field.value;
    else if (field.number === 8) name = wireText(field);
    else if (field.number === 13) externalFile = externalLocation(field) ?? externalFile;
  }
  return { name, dtype: dtypeName(dtype), dims, externalFile };
}

/** The value of a StringStringEntryProto whose key is `location`. */
function externalLocation(entry: WireField): string | undefined {
  let key = '';
  let value = '';
  for (const field of wireFields(entry.bytes)) {
    if (field.number === 1) key = wireText(field);
    else if (field.number === 2) value = wireText(field);
  }
  return key === 'location' ? value : undefined;
}

function readValue(bytes: Uint8Array): OnnxValue {
  let name = '';
  let dtype = 0;
  let shape: OnnxDimension[] | undefined;
  for (const field of wireFields(bytes)) {
    if (field.number === 1) name = wireText(field);
    if (field.number !== 2) continue;
    for (const type of wireFields(field.bytes)) {
      if (type.number !== 1) continue; // A sequence, map or optional, and not a tensor.
      for (const part of wireFields(type.bytes)) {
        if (part.number === 1) dtype = part.value;
        else if (part.number === 2) shape = Array.from(wireFields(part.bytes), readDimension);
      }
    }
  }
  return { name, dtype: dtypeName(dtype), shape };
}

function readDimension(dimension: WireField): OnnxDimension {
  let length: OnnxDimension = null;
  for (const field of wireFields(dimension.bytes)) {
    // Some exporters write −1 for an open length.
    if (field.number === 1) length = field.value < 0 ? null : field.value;
    else if (field.number === 2) length = wireText(field);
  }
  return length;
}

function dtypeName(number: number): string {
  return dtypes[number] ?? 'unknown';
}

import { concatenate, encodeBytesField, encodeVarint } from '../../src/teacher/wire.js';

/** Writes small ONNX models field by field: what the makers of models for tests need of onnx.proto. */

/** A constant tensor. */
export interface TensorParts {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: readonly number[] | Float32Array | Uint16Array;
  /** TensorProto.DataType: 1, float32, unless given. Of 10, float16, `values` are the bits. */
  readonly dtype?: number;
  /** The data are left to this file, from `offset` on if it is given. */
  readonly external?: string;
  readonly offset?: number;
}

/** One operation; its attributes by name. */
export interface NodeParts {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, readonly number[]>>;
  readonly int?: Readonly<Record<string, number>>;
}

/** An input or output of the graph. */
export interface ValueParts {
  readonly name: string;
  /** A string is a symbolic length; undefined: no shape at all. */
  readonly dims?: readonly (number | string)[];
  /** TensorProto.DataType: 1, float32, unless given. */
  readonly dtype?: number;
}

/** A model of one graph. */
export interface ModelParts {
  readonly inputs: readonly ValueParts[];
  readonly outputs: readonly ValueParts[];
  readonly nodes: readonly NodeParts[];
  readonly initializers?: readonly TensorParts[];
  /** Leave out the names of the nodes, which ONNX does not need. */
  readonly nameless?: boolean;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const textField = (number: number, value: string): Uint8Array => encodeBytesField(number, text(value));
const integerField = (number: number, value: number): Uint8Array =>
  concatenate([encodeVarint(number * 8), encodeVarint(value)]);
const message = (number: number, ...fields: Uint8Array[]): Uint8Array =>
  encodeBytesField(number, concatenate(fields));

/** The serialised ModelProto: IR version 7, operator set 13. */
export function encodeModel({ inputs, outputs, nodes, initializers = [], nameless }: ModelParts): Uint8Array {
  return concatenate([
    integerField(1, 7),
    textField(2, 'tiny'),
    message(
      7,
      ...nodes.map((parts) => node(parts, nameless !== true)),
      textField(2, 'graph'),
      ...initializers.map(tensor),
      ...inputs.map((value) => valueInfo(11, value)),
      ...outputs.map((value) => valueInfo(12, value)),
    ),
    message(8, textField(1, 'another.domain'), integerField(2, 1)),
    message(8, integerField(2, 13)),
  ]);
}

function node({ op, inputs, outputs, ints = {}, int = {} }: NodeParts, named: boolean): Uint8Array {
  return message(
    1,
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    ...(named ? [textField(3, `${op} of ${outputs[0]}`)] : []),
    textField(4, op),
    ...Object.entries(ints).map(([name, values]) =>
      message(5, textField(1, name), ...values.map((value) => integerField(8, value)), integerField(20, 7)),
    ),
    ...Object.entries(int).map(([name, value]) =>
      message(5, textField(1, name), integerField(3, value), integerField(20, 2)),
    ),
  );
}

function tensor({ name, dims, values, dtype = 1, external, offset }: TensorParts): Uint8Array {
  const facts = [...dims.map((dim) => integerField(1, dim)), integerField(2, dtype), textField(8, name)];
  if (external === undefined) return message(5, ...facts, encodeBytesField(9, tensorBytes(values)));
  const entry = (key: string, value: string): Uint8Array =>
    message(13, textField(1, key), textField(2, value));
  const place =
    offset === undefined
      ? []
      : [entry('offset', String(offset)), entry('length', String(tensorBytes(values).length))];
  return message(5, ...facts, entry('location', external), ...place, integerField(14, 1));
}

/** The data of a tensor as they lie in a model or beside it. */
export function tensorBytes(values: TensorParts['values']): Uint8Array {
  const { buffer, byteOffset, byteLength } = Array.isArray(values)
    ? Float32Array.from(values)
    : (values as Float32Array | Uint16Array);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function valueInfo(number: number, { name, dims, dtype = 1 }: ValueParts): Uint8Array {
  const shape = dims?.map((dim) =>
    message(1, typeof dim === 'number' ? integerField(1, dim) : textField(2, dim)),
  );
  const type = message(1, integerField(1, dtype), ...(shape === undefined ? [] : [message(2, ...shape)]));
  return message(number, textField(1, name), message(2, type));
}

import protobuf from 'protobufjs';

/** The part of ONNX's messages that exported models need, with the field numbers of onnx.proto. */
const definition = `
syntax = "proto2";
message Attribute {
  optional string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  repeated int64 ints = 8;
  optional int32 type = 20;
}
message Node {
  repeated string input = 1;
  repeated string output = 2;
  optional string name = 3;
  optional string op_type = 4;
  repeated Attribute attribute = 5;
}
message Tensor {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  optional string name = 8;
  optional bytes raw_data = 9;
}
message Dimension {
  optional int64 dim_value = 1;
  optional string dim_param = 2;
}
message Shape { repeated Dimension dim = 1; }
message TensorType {
  optional int32 elem_type = 1;
  optional Shape shape = 2;
}
message Type { optional TensorType tensor_type = 1; }
message ValueInfo {
  optional string name = 1;
  optional Type type = 2;
}
message Graph {
  repeated Node node = 1;
  optional string name = 2;
  repeated Tensor initializer = 5;
  repeated ValueInfo input = 11;
  repeated ValueInfo output = 12;
}
message OperatorSet {
  optional string domain = 1;
  optional int64 version = 2;
}
message Model {
  optional int64 ir_version = 1;
  optional string producer_name = 2;
  optional string producer_version = 3;
  optional Graph graph = 7;
  repeated OperatorSet opset_import = 8;
}
`;

const model = protobuf.parse(definition, { keepCase: true }).root.lookupType('Model');

/** ONNX's type number of float32 tensors. */
export const float32 = 1;
/** ONNX's type numbers of attributes. */
export const attributeTypes = { f: 1, i: 2, ints: 7 } as const;

export interface OnnxAttribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly ints?: readonly number[];
}

export interface OnnxNode {
  readonly name: string;
  readonly op_type: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data_type: number;
  readonly raw_data: Uint8Array;
}

/** A number, or the name of an open dimension. */
export type OnnxDimension = number | string;

export interface OnnxGraph {
  readonly name: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly { readonly name: string; readonly shape: readonly OnnxDimension[] }[];
  readonly output: readonly { readonly name: string; readonly shape: readonly OnnxDimension[] }[];
}

/** The bytes of a model: IR version 8 and operator set 13, which every ONNX Runtime since 1.10 reads. */
export function encodeModel(graph: OnnxGraph, producerVersion: string): Uint8Array {
  const values = (list: OnnxGraph['input']): object[] =>
    list.map(({ name, shape }) => ({
      name,
      type: {
        tensor_type: {
          elem_type: float32,
          shape: { dim: shape.map((d) => (typeof d === 'number' ? { dim_value: d } : { dim_param: d })) },
        },
      },
    }));
  const message = {
    ir_version: 8,
    producer_name: 'bnn-distill',
    producer_version: producerVersion,
    opset_import: [{ domain: '', version: 13 }],
    graph: { ...graph, input: values(graph.input), output: values(graph.output) },
  };
  const wrong = model.verify(message);
  if (wrong !== null) throw new Error(`not an ONNX model: ${wrong}`);
  return model.encode(message).finish();
}

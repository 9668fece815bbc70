import { readFileSync } from 'node:fs';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { appendOutputs, readOnnx } from '../../src/teacher/onnx-wire.js';
import { encodeVarint, wireFields } from '../../src/teacher/wire.js';
import { residual, tinyOnnx } from './tiny-onnx.js';

const resnet20 = readFileSync('teachers/cifar10-resnet20.onnx');

describe('wire format', () => {
  it.each([0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1])('carries the number %d', (value) => {
    const [field] = wireFields(Uint8Array.from([0x08, ...encodeVarint(value)]));
    expect(field).toMatchObject({ number: 1, type: 0, value });
  });

  it('carries −1 in ten bytes', () => {
    const [field] = wireFields(Uint8Array.from([0x08, ...new Array<number>(9).fill(0xff), 0x01]));
    expect(field.value).toBe(-1);
  });
});

describe('readOnnx', () => {
  it('tells the facts of the packaged ResNet-20', () => {
    const model = readOnnx(resnet20, 'resnet20.onnx');
    expect(model).toMatchObject({ irVersion: 7, opset: 13, producer: 'pytorch', externalFiles: [] });
    expect(model.inputs).toEqual([{ name: 'input', dtype: 'float32', shape: ['batch', 3, 32, 32] }]);
    expect(model.outputs).toEqual([{ name: 'logits', dtype: 'float32', shape: ['batch', 10] }]);
    // The published 0.27 M less what folding takes away: 9·(3·16 + 6·16² + 16·32 + 5·32² + 32·64 + 5·64²) + 64·10 + 10
    // weights and a bias for each channel of 19 convolutions.
    expect(model.parameters).toBe(
      9 * (3 * 16 + 6 * 16 ** 2 + 16 * 32 + 5 * 32 ** 2 + 32 * 64 + 5 * 64 ** 2) +
        650 +
        7 * 16 +
        6 * 32 +
        6 * 64,
    );
    expect(model.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(19);
    expect(model.nodes.filter(({ op }) => op === 'Add')).toHaveLength(9);
    expect(model.nodes.at(-1)).toEqual({
      op: 'Gemm',
      name: '/linear/Gemm',
      inputs: ['/ReduceMean_output_0', 'm.linear.weight', 'm.linear.bias'],
      outputs: ['logits'],
    });
    expect(model.initializers.find(({ name }) => name === 'm.linear.weight')).toEqual({
      name: 'm.linear.weight',
      dtype: 'float32',
      dims: [10, 64],
      externalFile: undefined,
    });
  });

  it('leaves initialisers out of the inputs and names external files once', () => {
    const weight = { dims: [2], values: [], external: 'weights.bin' };
    const model = readOnnx(
      tinyOnnx({
        ...residual,
        inputs: [...residual.inputs, { name: 'w', dims: [2] }],
        initializers: [
          { name: 'w', ...weight },
          { name: 'v', ...weight },
        ],
      }),
      'tiny.onnx',
    );
    expect(model.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(model.externalFiles).toEqual(['weights.bin']);
    expect(model.opset).toBe(13);
  });

  it('knows inputs without a shape', () => {
    const model = readOnnx(tinyOnnx({ ...residual, inputs: [{ name: 'x', dtype: 10 }] }), 'tiny.onnx');
    expect(model.inputs).toEqual([{ name: 'x', dtype: 'float16', shape: undefined }]);
  });

  const length = resnet20.length;
  it.each([
    1,
    2,
    3,
    10,
    20,
    21,
    30,
    1000,
    Math.floor(length / 2),
    length - 5,
    length - 4,
    length - 3,
    length - 1,
  ])('says that a model cut at byte %d is truncated', (end) => {
    expect(() => readOnnx(resnet20.subarray(0, end), 'cut.onnx')).toThrow(
      /^cut\.onnx is truncated: it ends /,
    );
    expect(() => readOnnx(resnet20.subarray(0, end), 'cut.onnx')).toThrow(InputError);
  });

  it.each([
    ['an empty file', '', 'it is empty'],
    ['text', 'hello, this is text', 'it starts with "hello, this is text"'],
    ['a web page', '<!DOCTYPE html><html></html>', 'it starts with "<!DOCTYPE html><html></h"'],
    ['a zip archive', 'PK\x03\x04\x14\x00\x00\x00', 'it starts with bytes 504b030414000000'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', 'it is a Git LFS pointer to one'],
    [
      'a message without a graph',
      '\x08\x07' + '\x12\x7f' + 'x'.repeat(127) + '\x12\x7f' + 'x'.repeat(127),
      'it holds no graph',
    ],
    [
      'a graph that is damaged',
      '\x08\x07\x3a\x02\x0b\x0b\x42\x02\x10\x0d',
      'its graph is damaged (field 1 at byte 0 has the unknown wire type 3)',
    ],
    ['a graph without outputs', '\x08\x07\x3a\x00\x42\x02\x10\x0d', 'its graph has no output'],
  ])('says that %s is not an ONNX model', (_, content, reason) => {
    const read = (): unknown => readOnnx(Buffer.from(content, 'latin1'), 'bad.onnx');
    expect(read).toThrow(InputError);
    expect(read).toThrow(`bad.onnx is not an ONNX model: ${reason}`);
  });
});

describe('appendOutputs', () => {
  it('adds outputs to the graph and leaves every byte of the model as it was', async () => {
    const names = ['/layer1/layer1.2/Add_output_0', '/layer3/layer3.2/Add_output_0'];
    const appended = appendOutputs(resnet20, names);
    expect(Buffer.compare(appended.subarray(0, resnet20.length), resnet20)).toBe(0);
    expect(appended.length - resnet20.length).toBeLessThan(100);
    expect(readOnnx(appended, 'x').outputs.map(({ name }) => name)).toEqual(['logits', ...names]);
    const session = await InferenceSession.create(appended);
    expect(session.outputNames).toEqual(['logits', ...names]);
    await session.release();
  });

  it('gives the same model for no names', () => {
    expect(appendOutputs(resnet20, [])).toBe(resnet20);
  });
});

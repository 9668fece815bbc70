import { describe, expect, it } from 'vitest';
import { describeModel } from '../../src/teacher/describe-model.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import { readOnnx } from '../../src/teacher/onnx-wire.js';
import { failure, identity, plain, teacherFile } from './teacher-cases.js';
import { channelMeans, residual, tinyOnnx } from './tiny-onnx.js';
import type { TinyModel } from './tiny-onnx.js';

describe('a teacher is refused', () => {
  const inputs = (...values: TinyModel['inputs']): TinyModel => ({ ...channelMeans(), inputs: values });
  it.each<[string, TinyModel, string | undefined, RegExp]>([
    [
      'of rank 2',
      inputs({ name: 'x', dims: ['batch', 48] }),
      undefined,
      /^the input of .* is not an image: "x" has shape \[batch, 48\], expected \[batch, 3, height, width\] or/,
    ],
    [
      'of one channel',
      inputs({ name: 'x', dims: [1, 1, 28, 28] }),
      undefined,
      /is not an image: "x" has shape \[1, 1, 28, 28\]/,
    ],
    [
      'against its card',
      channelMeans(['batch', 4, 4, 3]),
      plain,
      /is not an image: "image" has shape \[batch, 4, 4, 3\], expected \[batch, 3, height, width\]$/,
    ],
    [
      'of another size than its card',
      channelMeans(['batch', 3, 8, 8]),
      plain,
      /^the teacher card of .* says 4×4 images, but its input has shape \[batch, 3, 8, 8\]$/,
    ],
    [
      'of another size than is cut out',
      channelMeans(),
      `${plain}, resize: { short: 5, interpolation: bilinear, crop: 3 }`,
      /^the teacher card .* cuts 3×3 from resized images, but the model takes 4×4$/,
    ],
    [
      'of no size',
      channelMeans(['batch', 3, 'h', 'w']),
      undefined,
      /has shape \[batch, 3, h, w\], which leaves the size of the images open$/,
    ],
    [
      'of two inputs',
      inputs({ name: 'x', dims: [1, 3, 4, 4] }, { name: 'z', dims: [1] }),
      undefined,
      /takes 2 inputs \(x, z\), but a teacher takes one image$/,
    ],
    [
      'of bytes',
      inputs({ name: 'x', dims: ['batch', 3, 4, 4], dtype: 2 }),
      undefined,
      /takes uint8 images, expected float32 or float16$/,
    ],
    [
      'of another name',
      channelMeans(),
      `${plain}, name: pixels`,
      /has no input "pixels", which its teacher card names$/,
    ],
    [
      'that ONNX Runtime does not know',
      { ...channelMeans(), nodes: [{ op: 'Magic', inputs: ['x'], outputs: ['y'] }] },
      undefined,
      /^ONNX Runtime cannot load .*Magic[^\n]*$/,
    ],
  ])('for an input or a graph %s', async (_, model, input, message) => {
    const path = teacherFile(model, input === undefined ? undefined : { input: `{ ${input} }` });
    const error = await failure(OnnxTeacher.open(path, input === undefined ? identity : {}));
    expect(error.message).toMatch(message);
  });

  it('without a card and an override', async () => {
    const path = teacherFile(channelMeans());
    const { message, fix } = await failure(OnnxTeacher.open(path));
    expect(message).toBe(
      `${path} has no teacher card: there is no ${path.replace('.onnx', '.yaml')}, and no card of the package has its sha256`,
    );
    expect(fix).toContain(`distill card init ${path}`);
    expect(fix).toContain('`mean`');
    expect((await failure(OnnxTeacher.open(path, { mean: [0, 0, 0] }))).message).toContain(
      'has no teacher card',
    );
  });

  it.each([
    [{ mean: [0, 0], std: [1, 1, 1] }, 'mean is 0,0, expected three numbers, one for each channel'],
    [
      { mean: [0, 0, 0], std: [1, 0, 1] },
      'std is 1,0,1, expected three numbers above 0, one for each channel',
    ],
    [{ mean: [0, NaN, 0], std: [1, 1, 1] }, 'mean is 0,NaN,0, expected three numbers, one for each channel'],
  ])('for the override %j', async (override, message) => {
    expect((await failure(OnnxTeacher.open(teacherFile(channelMeans()), override))).message).toBe(message);
  });

  it('for a number of logits other than that of its classes', async () => {
    const path = teacherFile(channelMeans(), { input: `{ ${plain} }`, lines: ['classes: [a, b]'] });
    expect((await failure(OnnxTeacher.open(path))).message).toBe(
      `${path} gives 3 logits, but ${path.replace('.onnx', '.yaml')} names 2 classes`,
    );
    const bare = teacherFile(channelMeans());
    expect((await failure(OnnxTeacher.open(bare, { ...identity, classes: ['a'] }))).message).toBe(
      `${bare} gives 3 logits, but the data set names 1 classes`,
    );
  });

  it('for several outputs of which none is named', async () => {
    const model = {
      ...residual,
      outputs: [...residual.outputs, { name: 'pooled', dims: ['batch', 3, 1, 1] }],
    };
    const path = teacherFile(model, { input: `{ ${plain} }` });
    expect((await failure(OnnxTeacher.open(path))).message).toBe(
      `${path} has 2 outputs (y, pooled) and nothing says which has the logits`,
    );
    const named = teacherFile(model, {
      input: `{ ${plain} }`,
      lines: ['classes: [a, b, c]', 'outputs: { logits: z }'],
    });
    expect((await failure(OnnxTeacher.open(named))).message).toBe(
      `${named} has no output "z", which its teacher card names`,
    );
  });

  it('with the model described all the same', async () => {
    const path = teacherFile(inputs({ name: 'x', dims: ['batch', 48] }));
    const description = await describeModel(path);
    expect(description.noTaps).toMatch(/is not an image/);
    expect(description.inputs).toEqual(
      readOnnx(tinyOnnx(inputs({ name: 'x', dims: ['batch', 48] })), path).inputs,
    );
  });
});

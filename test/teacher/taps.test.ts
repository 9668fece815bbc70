import { describe, expect, it } from 'vitest';
import { describeModel } from '../../src/teacher/describe-model.js';
import { imageInput } from '../../src/teacher/image-input.js';
import { readModelFile } from '../../src/teacher/model-file.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import { automaticTaps } from '../../src/teacher/taps.js';
import { answer, expectClose, failure, images, plain, teacherFile } from './teacher-cases.js';
import { channelMeans, residual } from './tiny-onnx.js';

const resnet20 = 'teachers/cifar10-resnet20.onnx';

describe('taps', () => {
  it('are the last sum of each shape, or the activation that alone uses it', async () => {
    const file = await readModelFile(teacherFile(residual));
    const taps = await automaticTaps(file, imageInput(file));
    expect(taps).toEqual([
      { name: 'level1', level: 1, tensor: 'sum2', shape: [4, 4, 3], layout: 'nchw' },
      { name: 'level2', level: 2, tensor: 'r4', shape: [2, 2, 3], layout: 'nchw' },
    ]);
  });

  it('are those of the card where it names some, in NHWC', async () => {
    const lines = ['classes: [a, b, c]', 'taps: [{ name: first, tensor: r0, level: 1 }]'];
    const path = teacherFile(residual, { input: `{ ${plain} }`, lines });
    const batch = images(2, 4, 4);
    const { features } = await answer(path, batch);
    const expected = [0, 1].flatMap((sample) => {
      const image = [...batch.images.subarray(sample * 48, (sample + 1) * 48)]; // Relu keeps them
      const norm = Math.sqrt(image.reduce((sum, x) => sum + x * x, 0));
      return image.map((x) => (x / norm) * Math.sqrt(48));
    });
    expectClose(features.get('first')!, expected);
  });

  it.each([
    [
      '[{ name: first, tensor: sum4, level: 1 }]',
      /^tap first names the tensor "sum4", which is not in /,
      ['sum1', 'sum2', 'sum3'],
    ],
    [
      '[{ name: last, tensor: y, level: 1 }]',
      /^tap last: tensor "y" has rank 2, expected a feature map of rank 4$/,
      [],
    ],
  ])('are refused when the card is wrong about them: %s', async (taps, message, nearest) => {
    const path = teacherFile(residual, {
      input: `{ ${plain} }`,
      lines: ['classes: [a, b, c]', `taps: ${taps}`],
    });
    const error = await failure(OnnxTeacher.open(path));
    expect(error.message).toMatch(message);
    expect(error.nearest).toEqual(nearest);
  });

  it('are refused by name with the nearest', async () => {
    const error = await failure(OnnxTeacher.open(resnet20, { taps: ['level4'] }));
    expect(error.message).toBe('the teacher has no tap "level4"');
    expect(error.nearest).toEqual(['level1', 'level2', 'level3']);
  });

  it('may be none', async () => {
    const description = await describeModel(teacherFile(channelMeans()));
    expect(description).toMatchObject({
      taps: [],
      noTaps: 'the model has no sums of feature maps; name its taps in a teacher card',
    });
  });
});

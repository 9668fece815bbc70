import { describe, expect, it } from 'vitest';
import { describeModel } from '../../src/teacher/describe-model.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import {
  answer,
  expectClose,
  failure,
  identity,
  means,
  images,
  plain,
  teacherFile,
} from './teacher-cases.js';
import { channelMeans } from './tiny-onnx.js';

const resnet20 = 'teachers/cifar10-resnet20.onnx';

describe('the packaged ResNet-20', () => {
  it('gives three levels in NHWC, each sample of mean square 1', async () => {
    const teacher = await OnnxTeacher.open(resnet20, { threads: 2 });
    expect(teacher.taps.map(({ name, level, shape }) => [name, level, shape])).toEqual([
      ['level1', 1, [32, 32, 16]],
      ['level2', 2, [16, 16, 32]],
      ['level3', 3, [8, 8, 64]],
    ]);
    expect(teacher).toMatchObject({ dataset: 'cifar10', expectedTop1: 91.73, size: [32, 32] });
    expect(teacher.classes[3]).toBe('cat');
    const { features } = await teacher.targets(images(3, 32, 32));
    for (const { name, shape } of teacher.taps) {
      const length = shape[0] * shape[1] * shape[2];
      const map = features.get(name)!;
      expect(map.length).toBe(3 * length);
      for (let sample = 0; sample < 3; sample++) {
        const squares = map
          .subarray(sample * length, (sample + 1) * length)
          .reduce((sum, x) => sum + x * x, 0);
        expect(squares / length).toBeCloseTo(1, 5);
      }
    }
    await teacher.dispose();
  });

  it('gives the same logits whether taps are read or not, and only the taps asked for', async () => {
    const batch = images(4, 32, 32);
    const all = await answer(resnet20, batch);
    const none = await answer(resnet20, batch, { taps: 'none' });
    const one = await answer(resnet20, batch, { taps: ['level2'] });
    expect([...none.features.keys()]).toEqual([]);
    expect([...one.features.keys()]).toEqual(['level2']);
    expectClose(all.logits, [...none.logits], 1e-4);
    expect(one.features.get('level2')).toEqual(all.features.get('level2'));
    expect(new Set(none.logits).size).toBe(40);
  });

  it('answers calls made at the same time each with its own logits', async () => {
    const teacher = await OnnxTeacher.open(resnet20, { threads: 1, taps: 'none' });
    const batches = [images(2, 32, 32, 1), images(5, 32, 32, 2), images(3, 32, 32, 3)];
    const together = await Promise.all(batches.map((batch) => teacher.targets(batch)));
    for (const [index, batch] of batches.entries())
      expect((await teacher.targets(batch)).logits).toEqual(together[index].logits);
    await teacher.dispose();
  });

  it('refuses images of another size and goes on', async () => {
    const teacher = await OnnxTeacher.open(resnet20, { threads: 1, taps: 'none' });
    expect((await failure(teacher.targets(images(2, 28, 28)))).message).toBe(
      `the teacher ${resnet20} takes 32×32 images, but a batch of 2 holds 4704 values`,
    );
    expect((await teacher.targets(images(1, 32, 32))).logits).toHaveLength(10);
    await teacher.dispose();
  });

  it('is described with its taps', async () => {
    const description = await describeModel(resnet20);
    expect(description).toMatchObject({ opset: 13, nodes: 103, parameters: 269034, noTaps: undefined });
    expect(description.taps.map(({ tensor }) => tensor)).toEqual([
      '/layer1/layer1.2/Relu_1_output_0',
      '/layer2/layer2.2/Relu_1_output_0',
      '/layer3/layer3.2/Relu_1_output_0',
    ]);
  });
});

describe('what the model is fed', () => {
  const batch = images(3, 4, 4);
  const rgb = means(batch);
  const bgr = rgb.map(([r, g, b]) => [b, g, r]);

  it.each([
    ['nchw, as it is', ['batch', 3, 4, 4], plain, rgb],
    ['nhwc', ['batch', 4, 4, 3], plain.replace('nchw', 'nhwc'), rgb],
    ['bgr', ['batch', 3, 4, 4], `${plain}, color: bgr`, bgr],
    ['bgr, nhwc', ['batch', 4, 4, 3], `${plain.replace('nchw', 'nhwc')}, color: bgr`, bgr],
    ['bytes', ['batch', 3, 4, 4], `${plain}, scale: 1`, rgb.map((row) => row.map((x) => x * 255))],
    [
      'mean and std in the order of the model',
      ['batch', 3, 4, 4],
      'layout: nchw, size: [4, 4], color: bgr, mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2]',
      bgr.map(([b, g, r]) => [(b - 0.1) / 0.5, (g - 0.2) / 0.25, (r - 0.3) / 2]),
    ],
  ])("is the card's: %s", async (_, dims, input, expected) => {
    const { logits } = await answer(teacherFile(channelMeans(dims), { input: `{ ${input} }` }), batch);
    expectClose(logits, expected.flat(), 1e-4);
  });

  it('follows --mean and --std, with a card and without', async () => {
    const override = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.25, 0.125] };
    const expected = rgb.map(([r, g, b]) => [(r - 0.5) / 0.5, (g - 0.5) / 0.25, (b - 0.5) / 0.125]).flat();
    expectClose(
      (await answer(teacherFile(channelMeans(), { input: `{ ${plain} }` }), batch, override)).logits,
      expected,
    );
    expectClose((await answer(teacherFile(channelMeans()), batch, override)).logits, expected);
  });

  it.each([1, 2, 3, 8])('is padded to a fixed batch of %d', async (fixed) => {
    const { logits } = await answer(teacherFile(channelMeans([fixed, 3, 4, 4])), batch, identity);
    expectClose(logits, rgb.flat());
  });
});

describe('logits', () => {
  const batch = images(2, 4, 4);
  it('are read before a softmax, whatever the card calls the output', async () => {
    const model = channelMeans(undefined, 'Softmax');
    const lines = ['classes: [a, b, c]', 'outputs: { kind: probabilities }'];
    expectClose((await answer(teacherFile(model), batch, identity)).logits, means(batch).flat());
    expectClose(
      (await answer(teacherFile(model, { input: `{ ${plain} }`, lines }), batch)).logits,
      means(batch).flat(),
    );
  });

  it('are logarithms of probabilities that come from anything else', async () => {
    const lines = ['classes: [a, b, c]', 'outputs: { logits: y, kind: probabilities }'];
    const path = teacherFile(channelMeans(undefined, 'Sigmoid'), { input: `{ ${plain} }`, lines });
    expectClose(
      (await answer(path, batch)).logits,
      means(batch)
        .flat()
        .map((x) => -Math.log1p(Math.exp(-x))),
    );
  });
});

import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tensorBytes } from '../../scripts/support/onnx-model.js';
import { loadCifar, cifar100 } from '../../src/data/cifar.js';
import { firstRows } from '../../src/data/dataset.js';
import { concatenate } from '../../src/teacher/wire.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import type { TeacherTargets } from '../../src/teacher/targets.js';
import { evaluateTeacher } from '../../src/evaluation/evaluate.js';
import { residualNetwork, type Variant, variantClasses, variantSize } from './residual-variants.js';
import { answer, expectClose, images, teacherFile } from './teacher-cases.js';

const side = variantSize;
const batch = images(5, side, side);

/** Writes a variant, with its card, and its weights where they are kept beside it. */
function variantFile(variant: Variant): string {
  const model = residualNetwork(variant);
  const layout = variant.nhwc === true ? 'nhwc' : 'nchw';
  const input = `{ layout: ${layout}, size: [${side}, ${side}], mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] }`;
  const data = concatenate(model.initializers!.map(({ values }) => tensorBytes(values)));
  const external = variant.external === undefined ? [] : [data];
  const path = teacherFile(model, { input, lines: [`classes: [${variantClasses.join(', ')}]`] }, external);
  if (variant.external !== undefined) writeFileSync(join(dirname(path), variant.external), data);
  return path;
}

describe('a model gives the same logits and feature maps', () => {
  let plain: TeacherTargets;
  beforeAll(async () => {
    plain = await answer(variantFile({}), batch);
    expect([...plain.features.keys()]).toEqual(['level1', 'level2']);
    expect(new Set(plain.logits).size).toBe(25);
  });

  it.each<[title: string, variant: Variant, tolerance: number]>([
    ['of float16', { half: true }, 5e-3],
    ['of float16 that ends in Softmax and a Cast', { half: true, ending: ['Softmax', 'Cast'] }, 5e-3],
    ['with Softmax at the end', { ending: ['Softmax'] }, 1e-5],
    ['with Softmax before another node at the end', { ending: ['Softmax', 'Identity'] }, 1e-5],
    ['with LogSoftmax at the end', { ending: ['LogSoftmax'] }, 1e-5],
    ['with images in NHWC', { nhwc: true }, 1e-5],
    ['with its weights in another file', { external: 'weights.bin' }, 1e-5],
    ['with nameless nodes', { nameless: true }, 1e-5],
    ['for batches of 1', { batch: 1 }, 1e-5],
    ['for batches of 2, the last filled up', { batch: 2 }, 1e-5],
    ['for batches of 7, filled up', { batch: 7 }, 1e-5],
    ['of all that at once', { half: true, nhwc: true, nameless: true, batch: 3, ending: ['Softmax'] }, 5e-3],
  ])('%s', async (_, variant, tolerance) => {
    const { logits, features } = await answer(variantFile(variant), batch);
    expectClose(logits, [...plain.logits], tolerance);
    for (const [name, map] of plain.features) expectClose(features.get(name)!, [...map], tolerance * 2);
  });
});

const teacher = '../shared/data/teachers/cifar100-resnet32-fixed-batch.onnx';
const records = '../shared/data/cifar-100-binary';

describe.skipIf(!existsSync(teacher) || !existsSync(records))(
  `the CIFAR-100 ResNet-32, which takes one image at a time (needs ${teacher} and ${records})`,
  () => {
    it('is right on 681 ± 2 of the first 1,000 test images', async () => {
      const opened = await OnnxTeacher.open(teacher, { threads: 2, taps: 'none' });
      const test = await loadCifar(cifar100, records, 'test');
      const { top1 } = await evaluateTeacher(opened, firstRows(test, 1000), { batchSize: 64 });
      await opened.dispose();
      expect(Math.abs(top1 - 681), `${top1} are right`).toBeLessThanOrEqual(2);
    });
  },
);

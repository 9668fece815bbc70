import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeResnet34 } from '../../scripts/support/resnet34.js';
import { evaluateModel } from '../../src/evaluation/evaluate-model.js';
import { defaultCacheSettings, makeCache } from '../../src/run/make-cache.js';
import { pathsOf, writeImages } from '../data/image-files.js';
import { scratchFolder } from '../files/scratch.js';
import { oneStage, runToEnd } from './one-stage.js';

const folder = scratchFolder();
const classes = Array.from({ length: 10 }, (_, n) => `class${n}`);
const teacher = join(folder, 'resnet34.onnx');
const data = join(folder, 'images');
const steps = 20;

beforeAll(async () => {
  if (!wanted) return;
  // 42 images, of which 2 are held out for validation.
  const train = [...pathsOf('train', classes, 4), 'train/class0/4.jpg', 'train/class1/4.jpg'];
  await writeImages(data, train, [300, 240]);
  await writeImages(data, pathsOf('val', classes, 1), [240, 260]);
  await writeResnet34(teacher, classes, 1);
});

// It takes longer than the other tests.
const wanted = process.env['BNN_TEST_FOLDER'] === 'full';

describe.skipIf(!wanted)(
  'a ResNet-34 teaches bnn-resnet18 on a folder of JPEGs (npm run test:folder)',
  () => {
    it(`for ${steps} steps at 224×224`, { timeout: 300_000 }, async () => {
      const out = join(folder, 'run');
      const narrow = oneStage({
        teacher,
        student: 'bnn-resnet18',
        data: `imagefolder:${data}`,
        epochs: 1,
        batchSize: 2,
        lr: 5e-4,
        threads: 2,
      });
      // As wide as its teacher, so that no level needs a connector.
      const recipe = { ...narrow, student: { ...narrow.student, width: 1 } };
      const [events, summary] = await runToEnd(recipe, { out });
      const [started, stage] = events;
      expect(started).toMatchObject({ kind: 'started', trainingImages: 40, validationImages: 2 });
      if (stage.kind !== 'stage') throw new Error('the stage did not start');
      expect(stage.pairs.map(({ level, tap, connector }) => [level, tap.shape, connector])).toEqual([
        [1, [56, 56, 64], false],
        [2, [28, 28, 128], false],
        [3, [14, 14, 256], false],
        [4, [7, 7, 512], false],
      ]);
      const reports = events.flatMap((event) => (event.kind === 'step' ? [event] : []));
      expect(reports).toHaveLength(steps);
      for (const { loss } of reports) expect(Number.isFinite(loss)).toBe(true);
      const mean = (values: number[]): number =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      const distances = reports.map(({ terms }) => terms['features']);
      expect(mean(distances.slice(-5))).toBeLessThan(mean(distances.slice(0, 5)));
      expect(summary.test.student.total).toBe(10);
      // The checkpoint knows the size of its images and how they were resized.
      const again = await evaluateModel({ model: out, threads: 2, backend: 'native' });
      expect(again).toEqual(summary.test.student);
    });

    it('with the same weights from a cache in float32', { timeout: 300_000 }, async () => {
      const common = { teacher, data: `imagefolder:${data}`, threads: 2 };
      const cache = join(folder, 'cache');
      const making = makeCache({
        ...defaultCacheSettings,
        ...common,
        mean: undefined,
        std: undefined,
        out: cache,
        views: 1,
        dtype: 'float32',
        topK: undefined,
        batchSize: 8,
      });
      while (!(await making.next()).done);
      const weights = async (from: string, out: string): Promise<Buffer> => {
        const recipe = oneStage({
          ...common,
          teacher: from,
          student: 'bnn-resnet18',
          epochs: 1,
          batchSize: 2,
        });
        await runToEnd(recipe, { out });
        return readFile(join(out, 'last.safetensors'));
      };
      const live = await weights(teacher, join(folder, 'live-run'));
      expect((await weights(cache, join(folder, 'cache-run'))).equals(live)).toBe(true);
    });
  },
);

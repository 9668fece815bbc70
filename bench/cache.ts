// Three measurements: how fast a cache is written, beside ONNX Runtime alone; how long reading a random batch takes; and what a
// training step from a cache costs, beside targets in memory and the live teacher.
// usage: npm run bench:cache -- [--data cifar10:<folder>] [--resnet56 <model.onnx>] [--folder <directory>] [--threads 2]
//        [--only write,read,train] [--quick] [--json]
// The default data is in ../shared/data; if that is missing, the embedded sample and resnet20 alone are used. All three take
// more than an hour. --quick uses few images and a small cache.
// With --json it prints one JSON object; `npm run -s` leaves out npm's own lines.
import { existsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { OnnxTeacher } from '../src/teacher/onnx-teacher.js';
import { firstRows } from '../src/data/dataset.js';
import { allImages } from './support/cache-cases.js';
import { measureReading, type ReadingFigures } from './support/cache-reading.js';
import { measureTraining, type TrainingFigures } from './support/cache-training.js';
import { measureWriting, type WritingFigures } from './support/cache-writing.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { describeMachine, thisMachine } from './support/machine.js';
import { program } from './support/program.js';
import { formatTable } from './support/table.js';

const shared = (path: string): string => fileURLToPath(new URL(`../../shared/data/${path}`, import.meta.url));
const stages = ['write', 'read', 'train'] as const;

/** What --json prints; a part that did not run is absent. */
interface Figures {
  [net: `resnet${number}`]: {
    readonly writeRatio: number;
    readonly writeRatioFeatures: number;
    readonly logits: WritingFigures;
    readonly features: WritingFigures;
  };
  readShare?: number;
  trainCachedOverNoTeacher?: number;
  trainCachedOverLive?: number;
  reading?: ReadingFigures;
  training?: TrainingFigures;
}

await program('bench:cache', async () => {
  const flags = readFlags({
    data: { type: 'string' },
    resnet56: { type: 'string', default: shared('teachers/cifar10-resnet56.onnx') },
    folder: { type: 'string', default: tmpdir() },
    threads: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string', default: stages.join(',') },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const { quick, folder } = flags;
  const threads = wholeNumber('--threads', flags.threads);
  const wanted = flags.only.split(',').map((name) => oneOf('--only', name, stages));
  const full = shared('cifar-10-batches-bin');
  const spec = flags.data ?? (existsSync(full) ? `cifar10:${full}` : 'cifar10-sample');
  const all = await allImages(spec);
  const teachers = [['resnet20', 'cifar10-resnet20'] as const];
  if (existsSync(flags.resnet56)) teachers.push(['resnet56', flags.resnet56] as never);
  const machine = thisMachine();
  const report = (text: string): void => {
    if (!flags.json) console.log(text);
  };
  report(describeMachine(machine));
  const figures: Figures = {};

  if (wanted.includes('write')) {
    for (const [net, teacher] of teachers) {
      const common = { teacher, batch: 256, threads, folder };
      const few = quick ? 4096 : Infinity;
      const logits = await measureWriting({
        ...common,
        taps: 'none',
        dataset: firstRows(all, Math.min(few, all.length)),
        views: quick ? 3 : 8,
      });
      const features = await measureWriting({
        ...common,
        taps: 'all',
        dataset: firstRows(all, Math.min(few, all.length)),
        views: quick ? 3 : 1,
      });
      figures[net] = { writeRatio: logits.ratio, writeRatioFeatures: features.ratio, logits, features };
      const row = (
        what: string,
        { bareImagesPerSecond, cacheImagesPerSecond, ratio, bytes, views }: WritingFigures,
      ) => [
        `${net}, ${what}`,
        bareImagesPerSecond.toFixed(0),
        cacheImagesPerSecond.toFixed(0),
        ratio.toFixed(3),
        (bytes / views / 1e6).toFixed(1),
      ];
      report(
        formatTable(
          ['writing', 'ONNX Runtime alone, images/s', 'cache, images/s', 'ratio', 'MB a view'],
          [row('logits', logits), row('feature maps', features)],
        ),
      );
    }
  }

  if (wanted.includes('train') || wanted.includes('read')) {
    const training = await measureTraining({
      teacher: teachers.at(-1)![1],
      dataset: firstRows(all, Math.min(quick ? 1024 : 4096, all.length)),
      batch: 128,
      threads,
      rounds: quick ? 3 : 9,
      stepsPerRound: quick ? 6 : 12,
      folder,
    });
    figures.trainCachedOverNoTeacher = training.cachedOverInMemory;
    figures.trainCachedOverLive = training.cachedOverLive;
    figures.training = training;
    report(
      formatTable(
        ['step of bnn-resnet20, 128 images, all losses', 'ms', 'cached over it'],
        [
          ['targets in memory', training.inMemoryMs.toFixed(1), training.cachedOverInMemory.toFixed(3)],
          ['from the cache', training.cachedMs.toFixed(1), '1'],
          [`live ${teachers.at(-1)![0]}`, training.liveMs.toFixed(1), training.cachedOverLive.toFixed(3)],
        ],
      ),
    );
    if (wanted.includes('read')) {
      const teacher = await OnnxTeacher.open('cifar10-resnet20', { threads });
      const { facts } = teacher;
      await teacher.dispose();
      const reading = await measureReading({
        facts,
        dataset: firstRows(all, Math.min(quick ? 4096 : Infinity, all.length)),
        views: 2,
        batch: 128,
        // In full one file of over 2 GB a view.
        partBytes: 2 ** 32,
        folder,
      });
      figures.reading = reading;
      figures.readShare = reading.warmMs / training.inMemoryMs;
      const cold = reading.coldMs === null ? 'not measured' : `${reading.coldMs.toFixed(1)} ms`;
      report(
        [
          `reading     128 random rows of ${(reading.bytes / 1e9).toFixed(2)} GB in ${reading.files} files, the largest of ${(reading.largestFile / 1e9).toFixed(2)} GB`,
          `warm        ${reading.warmMs.toFixed(1)} ms, ${(100 * figures.readShare).toFixed(2)} % of a step`,
          `cold        ${cold}`,
          `memory      ${reading.rssBeforeMiB.toFixed(0)} MiB before, at most ${reading.rssPeakMiB.toFixed(0)} MiB`,
        ].join('\n'),
      );
    }
  }
  if (flags.json) console.log(JSON.stringify({ machine, ...figures }));
});

import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { ownVersion } from '../backends/package-version.js';
import { useBackend } from '../backends/use-backend.js';
import { loadDataset } from '../data/data-spec.js';
import { type Dataset, resizedTo } from '../data/dataset.js';
import { evaluationBatches } from '../data/evaluation-batches.js';
import type { ProgressListener } from '../progress-listener.js';
import { InputError, RunError } from '../errors.js';
import { syncDirectory, writeError, writeFileAtomically } from '../files/atomic-write.js';
import { ResNet } from '../models/resnet.js';
import { VggSmall } from '../models/vgg-small.js';
import type { TeacherCard } from '../teacher/card.js';
import { cardPathBeside } from '../teacher/find-teacher.js';
import { OnnxTeacher } from '../teacher/onnx-teacher.js';
import { type Accuracy, AccuracyCounter, top1Percent } from '../evaluation/accuracy.js';
import { loadStudent } from '../models/checkpoint.js';
import { studentInput } from '../models/student-input.js';
import { encodeModel } from './onnx-messages.js';
import { graphNames, levelTensor } from './graph-builder.js';
import { resNetGraph } from './resnet-graph.js';
import { vggSmallGraph } from './vgg-small-graph.js';

/** What to export, and how it is checked. */
export interface ExportSettings {
  /** The checkpoint of a full-precision network. */
  readonly checkpoint: string;
  /** The path of the model. Its card has `.yaml` instead of `.onnx`. */
  readonly out: string;
  /** `<kind>:<folder>`; the model is checked on the test split. */
  readonly data: string;
  readonly threads: number;
  /** The backend that runs the network itself; default `native`. */
  readonly backend?: string;
  /** The most by which a logit of the model may differ; default 1e-4. */
  readonly tolerance?: number;
}

/** An exported model. */
export interface ExportedTeacher {
  readonly model: string;
  readonly card: string;
  readonly sha256: string;
  /** The test accuracy of the model in ONNX Runtime, and of the network itself. */
  readonly accuracy: Accuracy;
  readonly ownAccuracy: Accuracy;
  /** The largest difference between two logits. */
  readonly largestDifference: number;
}

/**
 * Writes a full-precision network as an ONNX model with its teacher card. Before that, ONNX Runtime must give
 * the logits of the network for every image of the test split.
 *
 * @throws InputError for a checkpoint that cannot be read or is of a binary network, data that do not fit it,
 *   or existing files; RunError if a logit differs by more than the tolerance, or the files cannot be written
 */
export async function exportTeacher(
  settings: ExportSettings,
  { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: ProgressListener } = {},
): Promise<ExportedTeacher> {
  const { checkpoint, out, tolerance = 1e-4 } = settings;
  if (!out.toLowerCase().endsWith('.onnx'))
    throw new InputError(`the model's file must end in .onnx, got '${out}'.`, { fix: 'name it in `out`' });
  const card = cardPathBeside(out);
  for (const path of [out, card])
    if (await stat(path).catch(() => undefined))
      throw new InputError(`${path} is there already.`, { fix: 'choose another `out`, or remove it' });
  await useBackend(settings.backend ?? 'native', { threads: settings.threads });
  const { student: network, classes, resize } = await loadStudent(checkpoint);
  let folder: string | undefined;
  try {
    if (!(network instanceof ResNet || (network instanceof VggSmall && !network.isBinary)))
      throw new InputError(
        `${checkpoint} holds a ${network.name}; only full-precision networks are exported.`,
        {
          fix: 'name the run or the checkpoint of a full-precision network',
        },
      );
    const test = resizedTo(await loadDataset(settings.data, 'test'), network.size, resize);
    if (classes.join() !== test.classes.join())
      throw new InputError(`the classes of ${checkpoint} are not those of ${settings.data}.`, {
        fix: 'name the data on which it was trained in `data`',
      });
    folder = await mkdtemp(join(dirname(out), '.export-')).catch((error: unknown) => {
      throw writeError(out, error);
    });
    const bytes = encodeModel(
      network instanceof ResNet ? resNetGraph(network) : vggSmallGraph(network),
      ownVersion(),
    );
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const facts = { network, classes, sha256, file: basename(out), dataset: test };
    const [model, cardFile] = [join(folder, basename(out)), join(folder, basename(card))];
    await writeFileAtomically(model, [bytes]);
    await writeFileAtomically(cardFile, stringify(cardOf(facts)));
    const found = await compare(network, model, test, settings.threads, { signal, onProgress });
    if (!(found.largestDifference <= tolerance))
      throw new RunError(
        `ONNX Runtime gives logits that differ from the network's by up to ${found.largestDifference.toExponential(2)}, more than ${tolerance}; nothing was written.`,
      );
    await writeFileAtomically(cardFile, stringify(cardOf(facts, top1Percent(found.accuracy))));
    await rename(cardFile, card);
    await rename(model, out);
    await syncDirectory(dirname(out));
    return { model: out, card, sha256, ...found };
  } finally {
    network.dispose();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** Compares model and network on every image of a split. */
async function compare(
  network: ResNet | VggSmall,
  model: string,
  test: Dataset,
  threads: number,
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal | undefined; readonly onProgress?: ProgressListener | undefined },
): Promise<Pick<ExportedTeacher, 'accuracy' | 'ownAccuracy' | 'largestDifference'>> {
  const teacher = await OnnxTeacher.open(model, { taps: 'none', threads, classes: test.classes });
  const [counter, own] = [new AccuracyCounter(), new AccuracyCounter()];
  let largestDifference = 0;
  try {
    const batches = evaluationBatches(test, { batchSize: 100, ...(signal ? { signal } : {}) });
    for await (const batch of batches) {
      const input = studentInput(batch, test);
      const logits = network.predict(input);
      const values = logits.dataSync() as Float32Array;
      input.dispose();
      logits.dispose();
      const { logits: answers } = await teacher.targets(batch);
      // A NaN makes the largest difference NaN.
      values.forEach((value, i) => {
        const difference = Math.abs(value - answers[i]);
        if (!(difference <= largestDifference)) largestDifference = difference;
      });
      counter.add(answers, batch.labels, network.classes);
      own.add(values, batch.labels, network.classes);
      batches.recycle(batch);
      onProgress?.(counter.result.total, test.length);
    }
  } finally {
    await teacher.dispose();
  }
  return { accuracy: counter.result, ownAccuracy: own.result, largestDifference };
}

interface CardFacts {
  readonly network: ResNet | VggSmall;
  readonly classes: readonly string[];
  readonly sha256: string;
  readonly file: string;
  readonly dataset: Dataset;
}

function cardOf({ network, classes, sha256, file, dataset }: CardFacts, expectedTop1?: number): TeacherCard {
  const [height, width] = network.size;
  return {
    schema: 1,
    file,
    sha256,
    input: {
      name: graphNames.input,
      layout: 'nchw',
      size: [height, width],
      color: 'rgb',
      scale: '1/255',
      mean: [...dataset.mean],
      std: [...dataset.std],
      ...('resize' in dataset
        ? {
            resize: {
              short: dataset.resize.short,
              interpolation: dataset.resize.interpolation,
              crop: height,
            },
          }
        : {}),
    },
    outputs: { logits: graphNames.logits, kind: 'logits' },
    taps: network.depth.widths.map((_, i) => ({
      name: `level${i + 1}`,
      tensor: levelTensor(i + 1),
      level: i + 1,
    })),
    classes: [...classes],
    dataset: dataset.kind,
    ...(expectedTop1 === undefined ? {} : { expectedTop1: Number(expectedTop1.toFixed(2)) }),
    source: `trained by bnn-distill: ${network.name}, activation ${network.activation}`,
  };
}

import { evaluationBatches } from '../data/evaluation-batches.js';
import type { Dataset } from '../data/dataset.js';
import type { ProgressListener } from '../progress-listener.js';
import type { Network } from '../models/network.js';
import type { TargetSource } from '../teacher/targets.js';
import { type Accuracy, AccuracyCounter } from './accuracy.js';
import { studentInput } from '../models/student-input.js';

/** Options of an evaluation. */
export interface EvaluationOptions {
  /** Images of a batch; default 250, or fewer (but at least 16) if they are larger than 32×32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the number of images that are done. */
  readonly onProgress?: ProgressListener | undefined;
}

/** The student's accuracy on a split, with running statistics and without augmentation. */
export async function evaluateStudent(
  student: Network,
  dataset: Dataset,
  options: EvaluationOptions = {},
): Promise<Accuracy> {
  return evaluate(dataset, options, (batch) => {
    const input = studentInput(batch, dataset);
    const logits = student.predict(input);
    const values = logits.dataSync();
    input.dispose();
    logits.dispose();
    return { logits: values as Float32Array, classes: student.classes };
  });
}

/** The teacher's accuracy on a split, without augmentation. */
export async function evaluateTeacher(
  teacher: TargetSource,
  dataset: Dataset,
  options: EvaluationOptions = {},
): Promise<Accuracy> {
  return evaluate(dataset, options, async (batch) => ({
    logits: (await teacher.targets(batch)).logits,
    classes: teacher.classes.length,
  }));
}

function imagesAtATime({ size: [height, width] }: Dataset): number {
  return Math.min(250, Math.max(16, Math.floor((250 * 32 * 32) / (height * width))));
}

type Answer = { logits: Float32Array; classes: number };

async function evaluate(
  dataset: Dataset,
  { batchSize = imagesAtATime(dataset), signal, onProgress }: EvaluationOptions,
  answer: (batch: Parameters<typeof studentInput>[0]) => Answer | Promise<Answer>,
): Promise<Accuracy> {
  const counter = new AccuracyCounter();
  const batches = evaluationBatches(dataset, { batchSize, ...(signal ? { signal } : {}) });
  for await (const batch of batches) {
    const { logits, classes } = await answer(batch);
    counter.add(logits, batch.labels, classes);
    batches.recycle(batch);
    onProgress?.(counter.result.total, dataset.length);
  }
  return counter.result;
}

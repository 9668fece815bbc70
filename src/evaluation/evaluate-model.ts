import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { parse } from 'yaml';
import { useBackend } from '../backends/use-backend.js';
import { loadDataset } from '../data/data-spec.js';
import { type Dataset, resizedTo } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { Recipe } from '../recipe/recipe.js';
import { checkClasses } from '../teacher/classes.js';
import { defaultData } from '../teacher/default-data.js';
import { openTeacher } from '../teacher/open-teacher.js';
import type { Accuracy } from './accuracy.js';
import { loadStudent } from '../models/checkpoint.js';
import { evaluateStudent, evaluateTeacher, type EvaluationOptions } from './evaluate.js';
import { runFiles } from '../files/run-files.js';
import { checkWhole } from '../check-whole.js';

/** What to evaluate, and on which data. */
export interface EvaluateModelSettings {
  /**
   * An ONNX model or a teacher card, or several with commas between them; or a checkpoint, or a run directory
   * for its best epoch.
   */
  readonly model: string;
  /**
   * `<kind>:<folder>`; by default DISTILL_DATA, or the data of the run, or the sample of the teacher's data
   * set.
   */
  readonly data?: string;
  /** Leave out image files that cannot be decoded; default false. */
  readonly skipCorrupt?: boolean;
  /** Called for each of them with a sentence. */
  readonly onSkipped?: (message: string) => void;
  readonly threads: number;
  readonly backend: string;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/**
 * The accuracy of a teacher or a trained student on the test split.
 *
 * @throws InputError for a model or data that are missing or wrong, or have different classes
 */
export async function evaluateModel(
  settings: EvaluateModelSettings,
  options: EvaluationOptions = {},
): Promise<Accuracy> {
  const { model } = settings;
  checkWhole('`threads`', settings.threads, 1);
  // What is no file may be the name of a teacher in the package; who is asked for it says so if not.
  const found = await stat(model).catch(() => undefined);
  if (found?.isDirectory()) {
    return evaluateCheckpoint(settings, join(model, runFiles.best), await dataOfModel(settings), options);
  }
  if (extname(model) === '.safetensors') {
    const data = settings.data ?? (await defaultData(undefined));
    return evaluateCheckpoint(settings, model, data, options);
  }
  const data = settings.data ?? (await defaultData(model));
  const test = await loadDataset(data, 'test', settings);
  const teacher = await openTeacher(model, {
    taps: 'none',
    threads: settings.threads,
    classes: test.classes,
    ...(settings.mean ? { mean: settings.mean } : {}),
    ...(settings.std ? { std: settings.std } : {}),
  });
  try {
    checkClasses(teacher.classes, test.classes);
    const { size, resize } = teacher.members[0];
    return await evaluateTeacher(teacher, resizedTo(test, size, resize), options);
  } finally {
    await teacher.dispose();
  }
}

async function evaluateCheckpoint(
  settings: EvaluateModelSettings,
  path: string,
  data: string,
  options: EvaluationOptions,
): Promise<Accuracy> {
  const test: Dataset = await loadDataset(data, 'test', settings);
  await useBackend(settings.backend, { threads: settings.threads });
  const { student, classes, resize } = await loadStudent(path);
  try {
    checkClasses(classes, test.classes);
    return await evaluateStudent(student, resizedTo(test, student.size, resize), options);
  } finally {
    student.dispose();
  }
}

/**
 * The data that are named, or those of DISTILL_DATA, or those of the run in the directory `model`.
 *
 * @throws InputError if it is not a run directory
 */
export async function dataOfModel({
  model,
  data,
}: Pick<EvaluateModelSettings, 'model' | 'data'>): Promise<string> {
  if (data !== undefined) return data;
  if (process.env['DISTILL_DATA']) return process.env['DISTILL_DATA'];
  const path = join(model, runFiles.recipe);
  try {
    return (parse(await readFile(path, 'utf8')) as Recipe).data;
  } catch (error) {
    throw new InputError(`${model} is not a run directory: ${path} cannot be read.`, { cause: error });
  }
}

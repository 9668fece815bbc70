import { withTestResize } from '../data/dataset.js';
import type { ProgressListener } from '../progress-listener.js';
import { InputError } from '../errors.js';
import { comparingLosses } from '../losses/loss-needs.js';
import type { Recipe } from '../recipe/recipe.js';
import { stageLosses } from '../recipe/stage-losses.js';
import { checkpointOf } from './initial-student.js';
import {
  openRunTeacher,
  type RunTeacher,
  type Splits,
  stageAugmentation,
  type TeacherRequest,
} from './run-teacher.js';
import { StudentTeacher } from '../training/student-teacher.js';
import { isTaughtByStudent, type Training } from './stage-generations.js';

/**
 * Opens the teacher of a training.
 *
 * @param taughtBy the best student of the training before; needed where it teaches
 * @throws InputError as of `openRunTeacher`; it names the stage where there are several
 */
export async function openTeacherOf(
  recipe: Recipe,
  training: Training,
  splits: Splits,
  taughtBy: string | undefined,
  onHashed?: ProgressListener,
): Promise<RunTeacher> {
  const { stage } = training;
  const request = requestOf(recipe, training);
  const opened = isTaughtByStudent(training)
    ? await openStudentTeacher(request, splits, taughtBy!)
    : await inStage(training, () => openRunTeacher(request, splits, onHashed));
  if (recipe.testResize === null) return opened;
  const [images, ...evaluated] = opened.splits;
  try {
    const [validation, test] = evaluated.map((split) => withTestResize(split, recipe.testResize!));
    return { ...opened, splits: [images, validation, test] };
  } catch (error) {
    await opened.dispose();
    throw inStageError(stage.name, recipe.stages.length, error);
  }
}

/** Opens what later trainings name, and closes it again, so that a run of days does not end at their beginning. */
export async function tryLater(
  recipe: Recipe,
  trainings: readonly Training[],
  splits: Splits,
  onHashed?: ProgressListener,
): Promise<void> {
  for (const [i, training] of trainings.entries()) {
    const { stage } = training;
    const { initFrom } = stage;
    if (initFrom !== 'random' && initFrom !== 'previous') await checkpointOf(initFrom);
    if (i === 0) continue;
    await inStage(training, async () => {
      stageAugmentation(stage, splits[0]);
      // A cache that is being filled has one writer at a time.
      if (isTaughtByStudent(training) || stage.cache !== null) return;
      const [key, keyBefore] = [stage, trainings[i - 1].stage].map(
        ({ teacher, views, augmentation, losses }) => JSON.stringify([teacher, views, augmentation, losses]),
      );
      if (key !== keyBefore)
        await (await openRunTeacher(requestOf(recipe, training), splits, onHashed)).dispose();
    });
  }
}

function requestOf(recipe: Recipe, { stage, firstEpoch }: Training): TeacherRequest {
  return { ...recipe, ...stage, losses: stageLosses(stage), epochs: firstEpoch + stage.epochs };
}

async function openStudentTeacher(
  request: TeacherRequest,
  splits: Splits,
  path: string,
): Promise<RunTeacher> {
  const withMaps = comparingLosses(request.losses).length > 0;
  const source = await StudentTeacher.open(path, splits[0], withMaps);
  return {
    source,
    live: undefined,
    splits,
    views: request.views ?? request.epochs,
    augmentation: stageAugmentation(request, splits[0]),
    notes: [],
    endEpoch: () => Promise.resolve(),
    dispose: () => source.dispose(),
  };
}

async function inStage<T>({ title: { name, count } }: Training, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inStageError(name, count, error);
  }
}

/** An input error that names the stage where there are several. */
function inStageError(name: string, count: number, error: unknown): unknown {
  if (count === 1 || !(error instanceof InputError)) return error;
  const { nearest, fix } = error;
  return new InputError(`stage '${name}': ${error.message}`, {
    nearest,
    ...(fix === undefined ? {} : { fix }),
    cause: error,
  });
}

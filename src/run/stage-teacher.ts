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
import { StudentTeacher } from '../teacher/student-teacher.js';
import { externalInit, type Generation, isTaughtByStudent } from './stage-generations.js';

/**
 * Opens the teacher of a generation of a stage.
 *
 * @param taughtBy the best student of the generation before; needed where that is the teacher
 * @throws InputError as `openRunTeacher` does; it names the stage if there are several
 */
export async function openTeacherOf(
  recipe: Recipe,
  generation: Generation,
  splits: Splits,
  taughtBy: string | undefined,
  onHashed?: ProgressListener,
): Promise<RunTeacher> {
  const { stage } = generation;
  const request = requestOf(recipe, generation);
  const opened = isTaughtByStudent(generation)
    ? await openStudentTeacher(request, splits, taughtBy!)
    : await inStage(generation, () => openRunTeacher(request, splits, onHashed));
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

/**
 * Opens teachers and checkpoints of later stages and closes them again, so that a run of days does not fail
 * when it gets there.
 *
 * @param generations those that are left; the teacher of the first is open
 */
export async function tryLaterStages(
  recipe: Recipe,
  generations: readonly Generation[],
  splits: Splits,
  onHashed?: ProgressListener,
): Promise<void> {
  for (const [i, generation] of generations.entries()) {
    const { stage } = generation;
    const init = externalInit(stage.initFrom);
    if (init !== undefined) await checkpointOf(init);
    if (i === 0) continue;
    await inStage(generation, async () => {
      stageAugmentation(stage, splits[0]);
      // A cache that is being filled can have only one writer.
      if (isTaughtByStudent(generation) || stage.cache !== null) return;
      const [key, keyBefore] = [stage, generations[i - 1].stage].map(
        ({ teacher, views, augmentation, losses }) => JSON.stringify([teacher, views, augmentation, losses]),
      );
      if (key !== keyBefore)
        await (await openRunTeacher(requestOf(recipe, generation), splits, onHashed)).dispose();
    });
  }
}

function requestOf(recipe: Recipe, { stage, firstEpoch }: Generation): TeacherRequest {
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

async function inStage<T>({ title: { name, count } }: Generation, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inStageError(name, count, error);
  }
}

/** Adds the name of the stage to an input error, if there are several stages. */
function inStageError(name: string, count: number, error: unknown): unknown {
  if (count === 1 || !(error instanceof InputError)) return error;
  const { nearest, fix } = error;
  return new InputError(`stage '${name}': ${error.message}`, {
    nearest,
    ...(fix === undefined ? {} : { fix }),
    cause: error,
  });
}

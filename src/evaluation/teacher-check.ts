import { type Dataset, firstRows, resizedTo } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { TargetSource } from '../teacher/targets.js';
import type { TeacherFacts } from '../teacher/teacher-facts.js';
import { checkClasses } from '../teacher/classes.js';
import { formatShare, top1Percent } from './accuracy.js';
import { evaluateTeacher } from './evaluate.js';

/** How far a teacher may stay under its card on the validation split, in percentage points. */
const tolerableShortfall = 20;
const imagesTried = 500;

/**
 * The images as the teacher takes them: those in files in its size, those in memory only if they have it.
 *
 * @throws InputError unless the teacher knows the classes of the data and takes its images
 */
export function asTaken(
  data: Dataset,
  { classes, size, resize }: Pick<TeacherFacts, 'classes' | 'size' | 'resize'>,
): Dataset {
  checkClasses(classes, data.classes);
  // The part of the card's that is about the image and not about the cut, as caches and checkpoints keep it.
  const resizing = resize && { short: resize.short, interpolation: resize.interpolation };
  const resized = resizedTo(data, size, resizing);
  if (resized.size.join() === size.join()) return resized;
  throw new InputError(
    `the teacher takes images of ${size.join('×')} and the data has ${resized.size.join('×')}.`,
  );
}

/** Refuses a teacher that is far worse than its card says: its preprocessing is wrong. */
export async function checkAccuracy(
  teacher: TargetSource,
  { expectedTop1, dataset, cardPath }: Pick<TeacherFacts, 'expectedTop1' | 'dataset' | 'cardPath'>,
  validation: Dataset,
): Promise<void> {
  if (expectedTop1 === undefined || dataset !== validation.kind) return;
  const images = Math.min(validation.length, imagesTried);
  const accuracy = await evaluateTeacher(teacher, firstRows(validation, images));
  if (top1Percent(accuracy) >= expectedTop1 - tolerableShortfall) return;
  throw new InputError(
    `the teacher's top-1 on ${images} validation images is ${formatShare(accuracy.top1, accuracy.total)}, far under the ${expectedTop1} % of its card.`,
    {
      fix: `check mean, std, color, scale and layout in ${cardPath ?? 'its card'}, and the order of the classes`,
    },
  );
}

import { type Dataset, firstRows, resizedTo } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { TargetSource } from '../teacher/targets.js';
import type { TeacherFacts } from '../teacher/teacher-facts.js';
import { checkClasses } from '../teacher/classes.js';
import { formatShare, top1Percent } from './accuracy.js';
import { evaluateTeacher } from './evaluate.js';

/** Percentage points by which a teacher may be worse on the validation split than its card says. */
const tolerableShortfall = 20;
/** Validation images that are tried. */
const imagesTried = 500;

/**
 * The data with images of the teacher's input size. Images in files are resized to it; those in memory must
 * have it.
 *
 * @throws InputError unless the teacher knows the classes of the data and takes its images
 */
export function asTaken(
  data: Dataset,
  { classes, size, resize }: Pick<TeacherFacts, 'classes' | 'size' | 'resize'>,
): Dataset {
  checkClasses(classes, data.classes);
  // Without the card's crop, as caches and checkpoints store it.
  const resizing = resize && { short: resize.short, interpolation: resize.interpolation };
  const resized = resizedTo(data, size, resizing);
  if (resized.size.join() === size.join()) return resized;
  throw new InputError(
    `the teacher takes images of ${size.join('×')} and the data has ${resized.size.join('×')}.`,
  );
}

/** Refuses a teacher that is far worse than its card says, since its preprocessing must be wrong. */
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
    `the teacher's top-1 on ${images} validation images is ${formatShare(accuracy.top1, accuracy.total)}, far below the ${expectedTop1} % of its card.`,
    {
      fix: `check mean, std, color, scale and layout in ${cardPath ?? 'its card'}, and the order of the classes`,
    },
  );
}

import { InputError } from '../errors.js';

/**
 * Checks that a teacher's logits and a data set's labels have the same classes.
 *
 * @param teacherClasses names in the order of the logits
 * @param datasetClasses names in label order
 * @throws InputError that names the first difference
 */
export function checkClasses(teacherClasses: readonly string[], datasetClasses: readonly string[]): void {
  const fix =
    'name the classes in the order of the logits in the teacher card, or choose the data that the teacher knows';
  if (teacherClasses.length !== datasetClasses.length)
    throw new InputError(
      `the teacher knows ${teacherClasses.length} classes and the data set has ${datasetClasses.length}`,
      { fix },
    );
  const at = teacherClasses.findIndex((name, index) => name !== datasetClasses[index]);
  if (at >= 0)
    throw new InputError(
      `class ${at} is "${teacherClasses[at]}" for the teacher and "${datasetClasses[at]}" in the data set`,
      { fix },
    );
}

import { InputError } from '../errors.js';
import { findTeacher } from './find-teacher.js';
import { teacherNames } from './open-teacher.js';

/** The embedded samples of data sets, by the name in a card. */
const embedded: Readonly<Record<string, string>> = { cifar10: 'cifar10-sample' };

/**
 * The data of a command that names none: DISTILL_DATA, or else the embedded sample of the data set in the
 * teacher's card.
 *
 * @param model a teacher, several with commas between them (the first counts), or undefined
 * @throws InputError when neither is there
 */
export async function defaultData(model: string | undefined): Promise<string> {
  return (
    dataOfEnvironment() ??
    sampleOf(
      model === undefined ? undefined : (await findTeacher((await teacherNames(model))[0])).card?.dataset,
    )
  );
}

/** DISTILL_DATA, unless it is unset or empty. */
export function dataOfEnvironment(): string | undefined {
  const text = process.env['DISTILL_DATA'];
  return text === '' ? undefined : text;
}

/**
 * The embedded sample of a kind of data.
 *
 * @throws InputError when there is none
 */
export function sampleOf(dataset: string | undefined): string {
  const sample = dataset === undefined ? undefined : embedded[dataset];
  if (sample !== undefined) return sample;
  const kind = dataset ?? 'cifar10';
  throw new InputError(
    dataset === undefined
      ? 'no data was named, and no teacher card names any.'
      : `no data was named, and no sample of the teacher's data set '${dataset}' comes with the package.`,
    { fix: `name it, \`data: ${kind}:<folder>\`, or set DISTILL_DATA=${kind}:<folder>` },
  );
}

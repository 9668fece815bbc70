import { InputError } from '../errors.js';
import { findTeacher } from './find-teacher.js';
import { teacherNames } from './open-teacher.js';

/** The embedded stand-in for a data set that a card names. */
const embedded: Readonly<Record<string, string>> = { cifar10: 'cifar10-sample' };

/**
 * The data of a command that names none: DISTILL_DATA, else the embedded sample of the data set that the teacher's card
 * names.
 *
 * @param model a teacher, several with commas between them (the first counts), or undefined
 * @param again the command as it was typed, to complete in the message
 * @throws InputError when neither is there; its fix is the command to type
 */
export async function defaultData(model: string | undefined, again: string): Promise<string> {
  return (
    dataOfEnvironment() ??
    sampleOf(
      model === undefined ? undefined : (await findTeacher((await teacherNames(model))[0])).card?.dataset,
      again,
    )
  );
}

/** DISTILL_DATA, if it says something. */
export function dataOfEnvironment(): string | undefined {
  const text = process.env['DISTILL_DATA'];
  return text === '' ? undefined : text;
}

/**
 * The embedded sample of a kind of data.
 *
 * @throws InputError when there is none; its fix is the command to type
 */
export function sampleOf(dataset: string | undefined, again: string): string {
  const sample = dataset === undefined ? undefined : embedded[dataset];
  if (sample !== undefined) return sample;
  const kind = dataset ?? 'cifar10';
  throw new InputError(
    dataset === undefined
      ? 'no data was named, and no card of a teacher names some.'
      : `no data was named, and no sample of the teacher's data set '${dataset}' comes with the package.`,
    { fix: `type: ${again} --data ${kind}:<folder>   (or set DISTILL_DATA=${kind}:<folder>)` },
  );
}

import { access, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.js';
import { type TeacherCard, loadCard } from './card.js';
import { type ModelFile, readModelFile } from './model-file.js';

/** A model, and its card if it has one. */
export interface FoundTeacher {
  readonly file: ModelFile;
  readonly card: TeacherCard | undefined;
  readonly cardPath: string | undefined;
}

/** The folder of the package's cards and models. */
export const packagedTeachers = fileURLToPath(new URL('../../teachers', import.meta.url));

/**
 * Finds the model and the card of a teacher.
 *
 * @param name the name of a teacher in the package (`cifar10-resnet20`); or a card (`.yaml`, `.yml`), which
 *   names its model; or a model, whose card is `<model without .onnx>.yaml` next to it, or else the package's
 *   card with its SHA-256
 * @throws InputError for a file that cannot be read, a wrong card, or a model other than that of its card
 */
export async function findTeacher(name: string): Promise<FoundTeacher> {
  const path = await builtIn(name);
  if (['.yaml', '.yml'].includes(extname(path).toLowerCase())) {
    const card = await loadCard(path);
    const modelPath = join(dirname(path), card.file);
    if (!(await exists(modelPath)))
      throw new InputError(`the teacher card ${path} is for ${card.file}, but ${modelPath} does not exist`, {
        fix: card.source === undefined ? 'put the model there' : `get the model from ${card.source}`,
      });
    return matched(await readModelFile(modelPath), card, path);
  }
  const file = await readModelFile(path);
  const beside = cardPathBeside(path);
  if (await exists(beside)) return matched(file, await loadCard(beside), beside);
  for (const name of (await readdir(packagedTeachers)).filter((entry) => entry.endsWith('.yaml')).sort()) {
    const cardPath = join(packagedTeachers, name);
    const card = await loadCard(cardPath);
    if (cardSha256(card)[0] === file.sha256[0]) return matched(file, card, cardPath);
  }
  return { file, card: undefined, cardPath: undefined };
}

/**
 * The path of the package's card of this name, unless a file has the name; other names are returned
 * unchanged.
 */
async function builtIn(name: string): Promise<string> {
  if (!/^[\w-]+$/.test(name) || (await exists(name))) return name;
  const cardPath = join(packagedTeachers, `${name}.yaml`);
  return (await exists(cardPath)) ? cardPath : name;
}

/** The path of a model's card: that of the model with `.onnx` replaced by `.yaml`. */
export function cardPathBeside(modelPath: string): string {
  return join(dirname(modelPath), `${basename(modelPath).replace(/\.onnx$/i, '')}.yaml`);
}

function matched(file: ModelFile, card: TeacherCard, cardPath: string): FoundTeacher {
  const wanted = cardSha256(card);
  const at = file.sha256.findIndex((sum, index) => sum !== wanted[index]);
  if (at >= 0) {
    const what = at === 0 ? file.path : join(dirname(file.path), file.external[at - 1].path);
    throw new InputError(
      `${what} has sha256 ${file.sha256[at]}, but its teacher card ${cardPath} gives ${wanted[at] ?? 'none for it'}`,
      {
        fix: 'use the model that the card is for, or remove the card and draft one with `distill card init`',
      },
    );
  }
  return { file, card, cardPath };
}

function cardSha256(card: TeacherCard): readonly string[] {
  return typeof card.sha256 === 'string' ? [card.sha256] : card.sha256;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type Machine, thisMachine } from '../backends/machine.js';
import { computingPackages, ownVersion, packageVersion } from '../backends/package-version.js';
import { manifestFile } from '../cache/manifest.js';
import type { Dataset } from '../data/dataset.js';
import { imageDigest } from '../data/image-digest.js';
import { InputError } from '../errors.js';
import type { Recipe } from '../recipe/recipe.js';
import { codeDigest } from './code-digest.js';
import { findTeacher } from '../teacher/find-teacher.js';
import { teacherNames } from '../teacher/open-teacher.js';

/** What a run was trained with, besides its recipe. */
export interface RunEnvironment {
  readonly machine: Machine & { readonly platform: string; readonly memoryGiB: number };
  /** The version of this package, and its {@link codeDigest}. */
  readonly code: { readonly version: string; readonly sha256: string };
  /** Versions of the packages that compute results. */
  readonly packages: Readonly<Record<string, string>>;
  readonly data: {
    readonly spec: string;
    readonly trainingPictures: number;
    /**
     * SHA-256 of training images and labels; null for images in files, since reading them would take long.
     */
    readonly sha256: string | null;
  };
  /** For each teacher of the recipe: SHA-256 of its models, or of the manifest of a cache. */
  readonly teachers: Readonly<Record<string, readonly string[]>>;
}

/** Collects the environment of a run. */
export async function runEnvironment(recipe: Recipe, training: Dataset): Promise<RunEnvironment> {
  const versions = computingPackages.map((name) => [name, packageVersion(name) ?? 'not installed'] as const);
  const names = new Set(recipe.stages.flatMap(({ teacher }) => (teacher === null ? [] : [teacher])));
  names.delete('previous');
  const teachers = await Promise.all(
    [...names].map(async (name) => [name, await teacherDigests(name)] as const),
  );
  return {
    machine: {
      ...thisMachine(),
      platform: `${process.platform}-${process.arch}`,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    code: { version: ownVersion(), sha256: await codeDigest() },
    packages: Object.fromEntries(versions),
    data: {
      spec: recipe.data,
      trainingPictures: training.length,
      sha256: 'pixels' in training ? await imageDigest(training) : null,
    },
    teachers: Object.fromEntries(teachers),
  };
}

const comparedSchema = z.object({
  data: z.object({ trainingPictures: z.number(), sha256: z.string().nullable() }),
  teachers: z.record(z.string(), z.array(z.string())),
});

/**
 * Refuses to resume a run with other images or teachers. An old environment that cannot be read is not
 * compared.
 *
 * @throws InputError that names the difference
 */
export function checkEnvironment(run: string, before: unknown, now: RunEnvironment): void {
  const old = comparedSchema.safeParse(before);
  if (!old.success) return;
  const { data, teachers } = old.data;
  if (data.trainingPictures !== now.data.trainingPictures || data.sha256 !== now.data.sha256)
    throw new InputError(
      `the training images of ${now.data.spec} are not those with which the run in ${run} began.`,
      { fix: 'bring the old ones back, or name their place in `data`' },
    );
  for (const [name, digests] of Object.entries(teachers))
    if (name in now.teachers && now.teachers[name].join() !== digests.join())
      throw new InputError(`the teacher ${name} is not the one with which the run in ${run} began.`, {
        fix: 'bring the old one back, or begin a new run',
      });
}

async function teacherDigests(teacher: string): Promise<string[]> {
  const isCache = (await stat(teacher).catch(() => undefined))?.isDirectory() === true;
  if (isCache) {
    const manifest = await readFile(join(teacher, manifestFile));
    return [createHash('sha256').update(manifest).digest('hex')];
  }
  const found = await Promise.all((await teacherNames(teacher)).map((name) => findTeacher(name)));
  return found.flatMap(({ file }) => file.sha256);
}

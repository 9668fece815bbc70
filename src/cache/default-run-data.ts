import { dataOfEnvironment, defaultData, sampleOf } from '../teacher/default-data.js';
import { readManifest } from './manifest.js';

/** As `defaultData`, for a teacher that may also be the directory of a cache. */
export async function defaultRunData(teacher: string | undefined): Promise<string> {
  const manifest = teacher === undefined ? undefined : await readManifest(teacher);
  if (!manifest) return defaultData(teacher);
  return dataOfEnvironment() ?? sampleOf(manifest.data.kind);
}

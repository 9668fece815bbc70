import { dataOfEnvironment, defaultData, sampleOf } from '../teacher/default-data.js';
import { readManifest } from './manifest.js';

/** `defaultData` for a teacher that may also be a cache. */
export async function defaultRunData(teacher: string | undefined, again: string): Promise<string> {
  const manifest = teacher === undefined ? undefined : await readManifest(teacher);
  if (!manifest) return defaultData(teacher, again);
  return dataOfEnvironment() ?? sampleOf(manifest.data.kind, again);
}

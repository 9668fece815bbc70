import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The packages that compute beside this one. */
export const computingPackages = [
  '@tensorflow/tfjs-core',
  'onnxruntime-node',
  'apache-arrow',
  'sharp',
] as const;

/** The version of an installed package, found as modules of this package find it; undefined where it is not installed. */
export function packageVersion(name: string): string | undefined {
  // Not every package lets its package.json be imported.
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const path = folders.map((folder) => join(folder, name, 'package.json')).find((file) => existsSync(file));
  return path && (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** The version of this package. */
export function ownVersion(): string {
  const own = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(own, 'utf8')) as { version: string }).version;
}

/** The commit from which this package was built, as scripts/write-commit.mjs wrote it; `unknown` where nobody did. */
export function ownCommit(): string {
  const written = new URL('../commit.json', import.meta.url);
  if (!existsSync(written)) return 'unknown';
  return (JSON.parse(readFileSync(written, 'utf8')) as { commit: string }).commit;
}

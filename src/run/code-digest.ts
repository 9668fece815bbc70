import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package's modules: dist/, or src/ if it runs from its sources. */
const modules = fileURLToPath(new URL('../', import.meta.url));
const addon = fileURLToPath(new URL('../../native/build/bnn_distill.node', import.meta.url));

let known: Promise<string> | undefined;

/**
 * SHA-256 of this package's code: paths and contents of its modules, and the native addon if it was built.
 */
export function codeDigest(): Promise<string> {
  known ??= digest();
  return known;
}

async function digest(): Promise<string> {
  const hash = createHash('sha256');
  const names = await readdir(modules, { recursive: true });
  for (const name of names.filter((file) => /(?<!\.d)\.[jt]s$/.test(file)).sort())
    hash.update(`${name}\0`).update(await readFile(join(modules, name)));
  const built = await readFile(addon).catch(() => undefined);
  if (built) hash.update(built);
  return hash.digest('hex');
}

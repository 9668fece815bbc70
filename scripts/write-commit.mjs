// Writes dist/commit.json, by which `distill --version` and the environment of a run say from which commit the package was
// built. It ends with + where files have changed since. Without git or a checkout the commit is unknown.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const git = (...args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

function commitOf() {
  // A folder within another project's checkout has no commit of its own.
  if (!existsSync(`${root}/.git`)) return 'unknown';
  try {
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', '--short=12', 'HEAD')}${isChanged ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}

writeFileSync(`${root}/dist/commit.json`, `${JSON.stringify({ commit: commitOf() })}\n`);

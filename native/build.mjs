// Builds the native addon with make and a C++ compiler. When they are missing it says so and ends well, since the package
// also works on TensorFlow.js's own backends; `npm run build:native` ends with an error instead.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const optional = process.argv.includes('--optional');
const built = spawnSync(
  'make',
  ['--no-print-directory', '-C', here, `-j${availableParallelism()}`, `NODE=${process.execPath}`],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
  },
);
if (built.status !== 0) {
  const why = built.error
    ? `make could not be started (${built.error.message})`
    : 'the compiler reported errors above';
  console.error(
    `bnn-distill: the native addon was not built: ${why}. Install a C++17 compiler and make, then run: npm run build:native (in ${join(here, '..')}).`,
  );
  process.exitCode = optional ? 0 : 1;
}

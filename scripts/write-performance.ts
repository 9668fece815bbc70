/**
 * Writes the measured section of docs/performance.md, between its markers, from the figures of bench:step, bench:profile and
 * bench:data. It reads them from the files that `npm run -s bench:<name> -- --json > <file>` wrote, and measures those for
 * which no file is given. `npm run docs:generate` then takes the first table to the README.
 *
 *     npm run docs:performance -- [--step <file>] [--profile <file> …] [--data <file>] [--page docs/performance.md]
 */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { runProgram } from '../bench/support/child.js';
import { readFlags } from '../bench/support/flags.js';
import { benchNetworks } from '../bench/support/networks.js';
import {
  type PerformanceFigures,
  performanceSection,
  withSection,
} from '../bench/support/performance-section.js';
import type { ProfileFigures } from '../bench/support/profile-figures.js';
import { program } from '../bench/support/program.js';
import { InputError } from '../src/errors.js';
import { writeFileAtomically } from '../src/files/atomic-write.js';

await program('docs:performance', async () => {
  const flags = readFlags({
    step: { type: 'string' },
    profile: { type: 'string', multiple: true },
    data: { type: 'string' },
    page: {
      type: 'string',
      default: fileURLToPath(new URL('../docs/performance.md', import.meta.url)),
    },
  });
  const page = await readText(flags.page);
  // A page without markers is an error before minutes of measuring.
  withSection(page, '');
  const figures: PerformanceFigures = {
    step: flags.step === undefined ? runProgram('step', ['--json']) : await readJson(flags.step),
    profiles:
      flags.profile === undefined
        ? benchNetworks.map((net) => runProgram<ProfileFigures>('profile', ['--json', '--net', net]))
        : await Promise.all(flags.profile.map((file) => readJson<ProfileFigures>(file))),
    data: flags.data === undefined ? runProgram('data', ['--json']) : await readJson(flags.data),
    pytorch: pytorchVersion(),
  };
  const section = await prettier.format(performanceSection(figures), { parser: 'markdown', printWidth: 110 });
  await writeFileAtomically(flags.page, withSection(page, section));
  console.log(`wrote the measured section of ${flags.page}`);
});

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new InputError(`cannot read ${file}: ${(error as Error).message}.`, { cause: error });
  }
}

async function readJson<Figures>(file: string): Promise<Figures> {
  const text = await readText(file);
  try {
    return JSON.parse(text) as Figures;
  } catch (error) {
    throw new InputError(`${file} is not the JSON object of a bench: ${(error as Error).message}.`, {
      fix: 'write it with npm run -s bench:<name> -- --json (without -s npm prints a banner before it)',
      cause: error,
    });
  }
}

/** The version for the interpreter that bench/step starts; undefined where it is not installed. */
function pytorchVersion(): string | undefined {
  try {
    const printed = execFileSync('/usr/bin/python3', ['-c', 'import torch; print(torch.__version__)'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return printed.trim();
  } catch {
    return undefined;
  }
}

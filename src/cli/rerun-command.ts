import type { Command } from 'commander';
import { InputError, RunError } from '../errors.js';
import { distill } from '../run/run.js';
import { firstRunDifference } from '../run/run-equality.js';
import { runFacts } from '../run/run-list.js';
import { followRun, type ShownAs } from './follow-run.js';
import { sharedOptions } from './shared-options.js';

interface RerunFlags extends ShownAs {
  readonly out?: string;
}

/** Adds `distill rerun`. */
export function addRerunCommand(program: Command, signal: AbortSignal): void {
  program
    .command('rerun')
    .description('Repeats a run, and says whether the bits are the same.')
    .argument('<run>', 'the directory of a complete run')
    .addOption(sharedOptions.runDirectory())
    .addOption(sharedOptions.quiet())
    .addOption(sharedOptions.json())
    .action((run: string, flags: RerunFlags) => rerun(run, flags, signal));
}

async function rerun(
  path: string,
  { out, quiet = false, json = false }: RerunFlags,
  signal: AbortSignal,
): Promise<void> {
  const { recipe, directory, isComplete } = await runFacts(path);
  if (!isComplete)
    throw new InputError(`the run in ${directory} is not complete, so there is nothing to compare with.`, {
      fix: `distill resume ${directory}`,
    });
  const again = await followRun(recipe, distill(recipe, { signal, out }), { signal, quiet, json });
  const difference = await firstRunDifference(directory, again.directory);
  if (difference !== undefined)
    throw new RunError(`${again.directory} differs from ${directory}: ${difference}.`, {
      fix: 'compare environment.json of both: other CPU types and versions round otherwise',
    });
  if (!json) process.stdout.write(`equal    ${directory} and ${again.directory}, bit for bit\n`);
}

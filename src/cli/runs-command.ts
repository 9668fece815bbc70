import type { Command } from 'commander';
import { InputError, RunError } from '../errors.js';
import { type Accuracy, top1Percent } from '../evaluation/accuracy.js';
import { distill } from '../run/run.js';
import { firstRunDifference } from '../run/run-equality.js';
import { differingSettings, type RunFacts, runFacts, runsIn } from '../run/run-list.js';
import { followRun, type ShownAs } from './follow-run.js';
import { sharedOptions } from './shared-options.js';

/** Adds `distill runs` and `distill rerun`. */
export function addRunsCommands(program: Command, signal: AbortSignal): void {
  program
    .command('runs')
    .description('Lists the runs in runs/; of those that are named, compares settings and results.')
    .argument('[run...]', 'directories of runs (default: all in runs/)')
    .action(async (paths: string[]) => {
      const runs =
        paths.length === 0 ? await runsIn('runs') : await Promise.all(paths.map((path) => runFacts(path)));
      const lines = runs.length === 0 ? ['no runs in runs/ yet'] : listed(runs);
      if (paths.length > 1) lines.push('', ...compared(runs));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
  program
    .command('rerun')
    .description('Repeats a run from its recipe, and says whether it came to the same bits.')
    .argument('<run>', 'the directory of a complete run')
    .option('--out <directory>', 'the new run directory (default: runs/<student>-<n>)')
    .addOption(sharedOptions.quiet())
    .addOption(sharedOptions.json())
    .action(
      async (path: string, { out, quiet = false, json = false }: ShownAs & { readonly out?: string }) => {
        const { recipe, directory, isComplete } = await runFacts(path);
        if (!isComplete)
          throw new InputError(
            `the run in ${directory} is not complete, so there is nothing to compare with.`,
            { fix: `distill resume ${directory}` },
          );
        const again = await followRun(recipe, distill(recipe, { signal, out }), { signal, quiet, json });
        const difference = await firstRunDifference(directory, again.directory);
        if (difference !== undefined)
          throw new RunError(`${again.directory} differs from ${directory}: ${difference}.`, {
            fix: 'compare environment.json of both: other CPU types and versions round otherwise',
          });
        if (!json) process.stdout.write(`equal    ${directory} and ${again.directory}, bit for bit\n`);
      },
    );
}

function listed(runs: readonly RunFacts[]): string[] {
  const rows = runs.map(
    ({ directory, recipe, began, isComplete, epochs, allEpochs, validation, test, seconds }) => [
      directory,
      began.toISOString().slice(0, 16).replace('T', ' '),
      recipe.student.name,
      isComplete ? 'complete' : 'interrupted',
      `${epochs}/${allEpochs}`,
      percentOf(validation),
      percentOf(test),
      seconds === undefined ? '–' : `${seconds.toFixed(0)} s`,
    ],
  );
  return table([['run', 'began (UTC)', 'student', 'state', 'epochs', 'validation', 'test', 'time'], ...rows]);
}

function compared(runs: readonly RunFacts[]): string[] {
  const differing = differingSettings(runs.map(({ recipe }) => recipe));
  if (differing.length === 0) return ['all settings are equal'];
  const shown = (value: unknown): string => (value === undefined ? '–' : JSON.stringify(value));
  const rows = differing.map(({ path, values }) => [path, ...values.map(shown)]);
  return table([['setting', ...runs.map(({ directory }) => directory)], ...rows]);
}

function percentOf(accuracy: Accuracy | undefined): string {
  return accuracy ? `${top1Percent(accuracy).toFixed(2)} %` : '–';
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}

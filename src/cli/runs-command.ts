import type { Command } from 'commander';
import { type Accuracy, top1Percent } from '../evaluation/accuracy.js';
import { differingSettings, type RunFacts, runFacts, runsIn } from '../run/run-list.js';

/** Adds `distill runs`. */
export function addRunsCommand(program: Command): void {
  program
    .command('runs')
    .description('Lists runs, or compares settings and results of some.')
    .argument('[run...]', 'directories of runs (default: all in runs/)')
    .action(async (paths: string[]) => {
      const runs =
        paths.length === 0 ? await runsIn('runs') : await Promise.all(paths.map((path) => runFacts(path)));
      const lines = runs.length === 0 ? ['no runs in runs/ yet'] : listed(runs);
      if (paths.length > 1) lines.push('', ...compared(runs));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
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

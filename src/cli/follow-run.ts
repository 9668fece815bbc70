import { RunError } from '../errors.js';
import type { Recipe } from '../recipe/recipe.js';
import { formatShare } from '../training/accuracy.js';
import type { RunEvent, RunSummary } from '../training/run-events.js';
import { TrainingProgress } from './training-progress.js';

/** Shows a run as it goes on, and its end; where it is interrupted, how to go on with it. */
export async function followRun(
  recipe: Recipe,
  run: AsyncGenerator<RunEvent, RunSummary>,
  signal: AbortSignal,
): Promise<void> {
  const progress = new TrainingProgress(process.stdout, recipe);
  let directory: string | undefined;
  try {
    for (;;) {
      const next = await run.next();
      if (next.done) {
        progress.stop();
        printSummary(next.value);
        return;
      }
      if (next.value.kind === 'started' || next.value.kind === 'resumed') ({ directory } = next.value);
      progress.show(next.value);
    }
  } catch (error) {
    progress.stop();
    if (directory === undefined) throw error;
    if (signal.aborted) process.stdout.write(`to go on with it: distill resume ${directory}\n`);
    throw isDiskFull(error)
      ? new RunError(error.message, {
          fix: `free some space, then: distill resume ${directory}`,
          cause: error,
        })
      : error;
  } finally {
    progress.stop();
  }
}

function isDiskFull(error: unknown): error is RunError {
  if (!(error instanceof RunError)) return false;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function printSummary({ directory, bestEpoch, validation, test, seconds }: RunSummary): void {
  const lines = [
    `student  test top-1 ${formatShare(test.student.top1, test.student.total)}, of epoch ${bestEpoch}, the best on validation (${formatShare(validation.top1, validation.total)})`,
  ];
  if (test.teacher) lines.push(`teacher  test top-1 ${formatShare(test.teacher.top1, test.teacher.total)}`);
  lines.push(`time     ${seconds.toFixed(1)} s`, `run      ${directory}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

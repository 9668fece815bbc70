import { InputError, RunError } from '../errors.js';
import type { Recipe } from '../recipe/recipe.js';
import { formatShare } from '../evaluation/accuracy.js';
import type { RunEvent, RunSummary } from '../run/run-events.js';
import { TrainingProgress } from './training-progress.js';

/** How a run is shown. */
export interface ShownAs {
  /** Only its end, and errors. */
  readonly quiet?: boolean;
  /** Each event, and the summary, as a line of JSON with its `kind`. */
  readonly json?: boolean;
}

interface View {
  show(event: RunEvent): void;
  /** Takes away what only a terminal shows. */
  stop(): void;
  end(summary: RunSummary): void;
  /** The run was interrupted. */
  interrupted(directory: string): void;
}

/**
 * Shows a run as it goes on, and its end; where it is interrupted, how to go on with it.
 *
 * @returns its summary
 * @throws what the run throws; InputError for two ways to show it
 */
export async function followRun(
  recipe: Recipe,
  run: AsyncGenerator<RunEvent, RunSummary>,
  { signal, ...shown }: ShownAs & { readonly signal: AbortSignal },
): Promise<RunSummary> {
  const view = viewOf(recipe, shown);
  let directory: string | undefined;
  try {
    for (;;) {
      const next = await run.next();
      if (next.done) {
        view.stop();
        view.end(next.value);
        return next.value;
      }
      if (next.value.kind === 'started' || next.value.kind === 'resumed') ({ directory } = next.value);
      view.show(next.value);
    }
  } catch (error) {
    view.stop();
    if (directory === undefined) throw error;
    if (signal.aborted) view.interrupted(directory);
    throw isDiskFull(error)
      ? new RunError(error.message, {
          fix: `free some space, then: distill resume ${directory}`,
          cause: error,
        })
      : error;
  }
}

/** @throws InputError for `quiet` and `json` together */
function viewOf(recipe: Recipe, { quiet = false, json = false }: ShownAs): View {
  if (quiet && json)
    throw new InputError('--quiet and --json say how to show a run in two ways.', {
      fix: 'leave one of them out',
    });
  const nothing = (): void => undefined;
  if (json) {
    const write = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
    return {
      show: write,
      stop: nothing,
      end: (summary) => {
        write({ kind: 'summary', ...summary });
      },
      interrupted: (directory) => {
        write({ kind: 'interrupted', directory });
      },
    };
  }
  const interrupted = (directory: string): void =>
    void process.stdout.write(`to go on with it: distill resume ${directory}\n`);
  if (quiet) return { show: nothing, stop: nothing, end: printSummary, interrupted };
  const progress = new TrainingProgress(process.stdout, recipe);
  return {
    show: (event) => {
      progress.show(event);
    },
    stop: () => {
      progress.stop();
    },
    end: printSummary,
    interrupted,
  };
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

import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunError } from '../errors.js';
import type { Recipe } from '../recipe/recipe.js';
import { RunCheckpoints } from './run-checkpoints.js';
import type { RunEvent } from './run-events.js';
import { trainRun } from './run.js';
import { generationsOf } from './stage-generations.js';

/** The time, memory and disk that a run will take, from a few of its steps. */
export interface Forecast {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Evaluations on the validation split. */
  readonly evaluations: number;
  readonly seconds: number;
  /** The peak memory of the process so far. */
  readonly memoryMiB: number;
  /** The size of the run directory at its end. */
  readonly diskBytes: number;
}

/** Steps of each stage. The last one is measured. */
const shortSteps = 2;
/** Images of each evaluation. */
const shortImages = 250;

/**
 * Tries a recipe in a temporary directory: two steps of each stage, evaluation, checkpoint, and reading it
 * back. It fills no cache.
 *
 * @returns a forecast from one step and one evaluation of each stage
 * @throws the errors of the run
 */
export async function* dryRun(
  recipe: Recipe,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<RunEvent, Forecast> {
  const stages = recipe.stages.map((stage) => ({
    ...stage,
    epochs: 1,
    cache: null,
    generations: Math.min(stage.generations, 2),
  }));
  const out = await mkdtemp(join(tmpdir(), 'bnn-distill-dry-run-'));
  const measured = new Map<number, { stepSeconds: number; evaluationSeconds: number }>();
  let images = { trainingImages: 0, validationImages: 0 };
  let stepEnd = 0;
  try {
    const limit = { steps: shortSteps, evaluated: shortImages };
    const run = trainRun({ ...recipe, stages }, { out, signal, limit });
    for (;;) {
      const next = await run.next();
      if (next.done) break;
      const event = next.value;
      if (event.kind === 'started') images = event;
      if (event.kind === 'step') {
        stepEnd = performance.now();
        const stepSeconds = (event.dataMs + event.teacherMs + event.studentMs) / 1000;
        measured.set(event.stage.index, { stepSeconds, evaluationSeconds: 0 });
      }
      if (event.kind === 'epoch') {
        const each = (performance.now() - stepEnd) / 1000 / event.validation.total;
        measured.get(event.stage.index)!.evaluationSeconds = each * images.validationImages;
      }
      yield event;
    }
    const { checkpoint } = await (await RunCheckpoints.open(out)).newest();
    if (!checkpoint) throw new RunError('the checkpoint that was written cannot be read back.');
    const sizes = await sizesIn(out);
    return forecastOf(recipe, images.trainingImages, measured, sizes);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

function forecastOf(
  recipe: Recipe,
  trainingImages: number,
  measured: ReadonlyMap<number, { readonly stepSeconds: number; readonly evaluationSeconds: number }>,
  { metrics, rest, stepsWritten }: { metrics: number; rest: number; stepsWritten: number },
): Forecast {
  let steps = 0;
  let evaluations = 0;
  let seconds = 0;
  for (const { stage, title } of generationsOf(recipe)) {
    const { stepSeconds, evaluationSeconds } = measured.get(title.index)!;
    const perEpoch = Math.floor(trainingImages / stage.batchSize);
    steps += perEpoch * stage.epochs;
    evaluations += stage.epochs;
    seconds += stage.epochs * (perEpoch * stepSeconds + evaluationSeconds);
  }
  return {
    steps,
    evaluations,
    seconds,
    memoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    diskBytes: rest + (metrics / stepsWritten) * steps,
  };
}

/**
 * Bytes of metrics, and of all other files at the end of a run. Then both checkpoints are as large as the
 * newest one here, which has the state of the optimizer.
 */
async function sizesIn(run: string): Promise<{ metrics: number; rest: number; stepsWritten: number }> {
  let [metrics, rest, newest, generations] = [0, 0, 0, 0];
  const counted = new Set<number>();
  for (const name of (await readdir(run, { recursive: true })).sort()) {
    const { size, ino } = await stat(join(run, name));
    // The best student is one file with two names.
    if (counted.has(ino)) continue;
    counted.add(ino);
    if (/metrics\.jsonl$|tfevents/.test(name)) metrics += size;
    else if (/^checkpoints\/\d+\.safetensors$/.test(name)) newest = size;
    else rest += size;
    if (name.endsWith('last.safetensors')) generations++;
  }
  return { metrics, rest: rest + 2 * newest, stepsWritten: shortSteps * generations };
}

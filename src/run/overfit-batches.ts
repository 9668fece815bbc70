import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noMix } from '../data/mix.js';
import type { Recipe } from '../recipe/recipe.js';
import { checkWhole } from '../check-whole.js';
import type { EpochReport, RunEvent } from './run-events.js';
import { trainRun } from './run.js';

/** Steps in which a few batches should be memorised. */
const overfitSteps = 300;
/** Epochs into which these steps are divided. */
const overfitEpochs = 6;
/** Training top-1 accuracy at which batches count as memorised. */
const learnedPercent = 98;

/** Whether a student memorises a few batches. */
export interface OverfitVerdict {
  readonly learned: boolean;
  /** Training top-1 accuracy of the last epoch. */
  readonly top1Percent: number;
  /** The loss of the first epoch. */
  readonly firstLoss: number;
  /** The loss of the last epoch. */
  readonly lastLoss: number;
  /** What this means or what its likely cause is, in a sentence. */
  readonly cause: string;
}

/**
 * Trains the first stage of a recipe on a few batches again and again, without augmentation or mixing, in a
 * temporary directory. A student that works memorises them; one that does not has a fault that more data
 * would hide.
 *
 * @param batches how many, from 1
 * @throws InputError for another number, and the errors of the run
 */
export async function* overfitBatches(
  recipe: Recipe,
  batches: number,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<RunEvent, OverfitVerdict> {
  checkWhole('`batches`', batches, 1);
  const [first] = recipe.stages;
  const stage = {
    ...first,
    epochs: overfitEpochs,
    generations: 1,
    views: 1,
    cache: null,
    augmentation: { crop: null, flip: false },
    mix: noMix,
  };
  const out = await mkdtemp(join(tmpdir(), 'bnn-distill-overfit-'));
  const epochs: EpochReport[] = [];
  try {
    const repeats = Math.ceil(overfitSteps / overfitEpochs / batches);
    const limit = { steps: batches, repeats, evaluated: stage.batchSize };
    const run = trainRun({ ...recipe, stages: [stage] }, { out, signal, limit });
    for (;;) {
      const next = await run.next();
      if (next.done) return verdictOf(epochs);
      yield next.value;
      if (next.value.kind !== 'epoch') continue;
      epochs.push(next.value);
      const verdict = verdictOf(epochs);
      if (!verdict.learned) continue;
      await run.return(undefined as never);
      return verdict;
    }
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** The verdict after some epochs. */
export function verdictOf(
  epochs: readonly Pick<EpochReport, 'loss' | 'trainTop1Percent' | 'teacherAgreementPercent'>[],
): OverfitVerdict {
  const [{ loss: firstLoss }] = epochs;
  const { loss: lastLoss, trainTop1Percent: top1Percent = 0, teacherAgreementPercent } = epochs.at(-1)!;
  const learned = top1Percent >= learnedPercent;
  const cause = learned
    ? 'student, losses and optimizer work: look at data, augmentation and schedule'
    : lastLoss >= firstLoss
      ? 'the loss does not fall: the learning rate is too large, or a loss pulls away from the labels'
      : lastLoss > 0.98 * firstLoss
        ? 'the loss hardly falls: the learning rate is too small, or gradients do not reach the latent weights (see gradientNorm and flipRatio with `stages[0].statistics.every: 1`)'
        : teacherAgreementPercent !== undefined && teacherAgreementPercent >= learnedPercent
          ? "the student follows its teacher, which disagrees with the labels: compare the teacher's classes, mean and std with those of the data (distill eval)"
          : 'it learns, but slowly: raise the learning rate, or lower the weight of losses other than crossEntropy';
  return { learned, top1Percent, firstLoss, lastLoss, cause };
}

import type { Batch } from '../data/batch.js';
import { checkMix, drawMixing, mixes, type MixSettings } from '../data/mix.js';
import { mixBatch } from '../data/mix-batch.js';
import { InputError } from '../errors.js';
import { comparingLosses, taughtLosses } from '../losses/loss-needs.js';
import { type LossSetting, temperatureOf } from '../losses/loss-settings.js';
import { mixTargets } from '../teacher/mix-targets.js';
import type { TargetSource, TeacherTargets } from '../teacher/targets.js';

/** How a trainer mixes the images of its batches; α of 0 is off. */
export interface TrainerMix extends MixSettings {
  /** Determines the mixing of each step, together with epoch and step. */
  readonly seed: number;
  /** The epochs of the run before the trainer's first, so that no two stages mix alike; default 0. */
  readonly firstEpoch?: number;
}

/** The facts of a run that a mixer needs. */
export interface MixedRun {
  readonly teacher: TargetSource | undefined;
  readonly losses: readonly LossSetting[];
  /** Height and width of the images. */
  readonly size: readonly [height: number, width: number];
}

/** Mixes the images of batches, and the targets of a teacher that cannot answer mixed images. */
export class BatchMixer {
  readonly #memory: Float32Array[] = [];

  private constructor(
    private readonly mix: TrainerMix,
    private readonly run: MixedRun,
    private readonly temperature: number,
  ) {}

  /**
   * The mixer of a trainer; undefined if nothing is mixed.
   *
   * @throws InputError for an α out of range, and for losses for which a cache has no targets of mixed
   *   images: those that compare feature maps, and those with different temperatures
   */
  static of(mix: TrainerMix | undefined, run: MixedRun): BatchMixer | undefined {
    if (mix === undefined) return undefined;
    checkMix(mix);
    if (!mixes(mix)) return undefined;
    return new BatchMixer(mix, run, run.teacher?.answersByView ? onlyTemperature(run.losses) : 1);
  }

  /** The mixed batch of a step. */
  batch(batch: Batch, epoch: number, step: number): Batch {
    const { seed, firstEpoch = 0 } = this.mix;
    const { size } = this.run;
    const mixing = drawMixing(this.mix, { seed, epoch: firstEpoch + epoch, step }, batch.size, size);
    if (!mixing) return batch;
    const memory = this.#memory.pop();
    return mixBatch(batch, mixing, size, memory?.length === batch.images.length ? memory : undefined);
  }

  /** The targets of a mixed batch, from those of the batch before mixing. */
  targets(targets: TeacherTargets, { mix, size }: Batch): TeacherTargets {
    return mix ? mixTargets(targets, mix, targets.logits.length / size, this.temperature) : targets;
  }

  /** Gives back the images of a mixed batch, which must not be used afterwards. */
  recycle({ images }: Batch): void {
    if (this.#memory.length < 4) this.#memory.push(images);
  }
}

/** The temperature at which all losses take the teacher's probabilities; 1 if there are none. */
function onlyTemperature(losses: readonly LossSetting[]): number {
  const taught = taughtLosses(losses);
  const maps = comparingLosses(losses).map(({ name }) => name);
  if (maps.length > 0)
    throw new InputError(
      `the loss ${maps.join(', ')} compares feature maps, which a cache does not have for images mixed by mixup or cutmix.`,
      { fix: 'leave the loss or the mixing out, or name the model as the teacher, without a cache' },
    );
  const temperatures = [...new Set(taught.map(temperatureOf))];
  if (temperatures.length <= 1) return temperatures[0] ?? 1;
  throw new InputError(
    `with mixup or cutmix a cache gives probabilities at one temperature, and the losses ${taught.map(({ name }) => name).join(', ')} take them at ${temperatures.join(' and ')}.`,
    { fix: 'give them one T, or name the model as the teacher, without a cache' },
  );
}

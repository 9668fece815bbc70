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
  /** Keys the mixing of each step together with its epoch and its number. */
  readonly seed: number;
  /** The number of epochs before the trainer's first, so that stages draw on; default 0. */
  readonly firstEpoch?: number;
}

/** What a mixer must know of the run. */
export interface MixedRun {
  readonly teacher: TargetSource | undefined;
  readonly losses: readonly LossSetting[];
  /** Height and width of the images. */
  readonly size: readonly [height: number, width: number];
}

/** Mixes batches, and the targets of a teacher that cannot be asked for mixed images. */
export class BatchMixer {
  readonly #memory: Float32Array[] = [];

  private constructor(
    private readonly mix: TrainerMix,
    private readonly run: MixedRun,
    private readonly temperature: number,
  ) {}

  /**
   * The mixer of a trainer; undefined where nothing is mixed.
   *
   * @throws InputError for an α out of range, and for losses whose targets a cache cannot give for mixed images: those
   *   that compare feature maps, and those at several temperatures
   */
  static of(mix: TrainerMix | undefined, run: MixedRun): BatchMixer | undefined {
    if (mix === undefined) return undefined;
    checkMix(mix);
    if (!mixes(mix)) return undefined;
    return new BatchMixer(mix, run, run.teacher?.answersByView ? onlyTemperature(run.losses) : 1);
  }

  /** The batch of a step, mixed. */
  batch(batch: Batch, epoch: number, step: number): Batch {
    const { seed, firstEpoch = 0 } = this.mix;
    const { size } = this.run;
    const mixing = drawMixing(this.mix, { seed, epoch: firstEpoch + epoch, step }, batch.size, size);
    if (!mixing) return batch;
    const memory = this.#memory.pop();
    return mixBatch(batch, mixing, size, memory?.length === batch.images.length ? memory : undefined);
  }

  /** Targets of the batch as it was before, to targets of the mixed one. */
  targets(targets: TeacherTargets, { mix, size }: Batch): TeacherTargets {
    return mix ? mixTargets(targets, mix, targets.logits.length / size, this.temperature) : targets;
  }

  /** Gives the images of a mixed batch back; after it they must not be used. */
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

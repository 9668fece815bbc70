import { availableParallelism } from 'node:os';
import { parseDataSpec } from '../data/data-spec.js';
import { InputError } from '../errors.js';
import type { LossSetting } from '../losses/loss-settings.js';
import { studentNames } from '../models/bnn-resnet.js';
import { unknownName } from '../unknown-name.js';
import type { ProviderName } from '../teacher/providers.js';
import { checkWhole } from './check-whole.js';
import { runSchedule } from './run-schedule.js';
import { needsTeacher } from './student-losses.js';

/** The courses of the learning rate that a run can take. */
export const scheduleNames = ['cosine', 'step', 'constant'] as const;

/** Everything that decides a run. It is written to the run directory as it was resolved. */
export interface RunSettings {
  /** Path of an ONNX model, a teacher card or the directory of a cache; undefined when no loss needs a teacher. */
  readonly teacher: string | undefined;
  /** The directory of a cache that the run fills and reads; undefined for none. */
  readonly cache?: string | undefined;
  /** Views of each picture: epoch e shows view e mod views; undefined: those of the cache, else as many as epochs. */
  readonly views?: number | undefined;
  /** Stands in for the card's normalisation. */
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
  /** A name among the students. */
  readonly student: string;
  /** `<kind>:<folder>`. */
  readonly data: string;
  /** Leave out pictures in files that cannot be decoded, instead of ending the run; default false. */
  readonly skipCorrupt?: boolean;
  readonly epochs: number;
  readonly batchSize: number;
  /** The initial learning rate of Adam. */
  readonly lr: number;
  /** cosine to 0, moved at each step; step: multiplied by a gamma at the start of each milestone; or constant. */
  readonly schedule: (typeof scheduleNames)[number];
  /** Of the step schedule: epochs counted from 0, and a factor for each. */
  readonly milestones: readonly number[];
  readonly gammas: readonly number[];
  readonly weightDecay: number;
  readonly clipLatent: boolean;
  /** Keys initialisation and shuffling. */
  readonly seed: number;
  /** Keys the augmentation of each view. */
  readonly viewSeed: number;
  readonly threads: number;
  /** Where the teacher runs; default `cpu`. */
  readonly provider?: ProviderName;
  /** The run directory; undefined for the first free `runs/<student>-<n>`. */
  readonly out: string | undefined;
  readonly backend: string;
  readonly losses: readonly LossSetting[];
}

/** The settings that a run has unless it says otherwise. */
export const defaultRunSettings = {
  epochs: 10,
  batchSize: 64,
  lr: 2e-3,
  schedule: 'cosine',
  milestones: [],
  gammas: [],
  weightDecay: 0,
  clipLatent: false,
  seed: 0,
  viewSeed: 0,
  threads: availableParallelism(),
  provider: 'cpu',
  backend: 'native',
} as const;

/**
 * Refuses settings before any work starts.
 *
 * @throws InputError that names the first wrong value
 */
export function checkRunSettings(settings: RunSettings): void {
  const whole: readonly [flag: string, value: number, least: number][] = [
    ['--epochs', settings.epochs, 1],
    ['--batch-size', settings.batchSize, 2],
    ['--seed', settings.seed, 0],
    ['--view-seed', settings.viewSeed, 0],
    ['--threads', settings.threads, 1],
  ];
  for (const [flag, value, least] of whole) checkWhole(flag, value, least);
  if (settings.views !== undefined) checkWhole('--views', settings.views, 1);
  if (!(settings.lr > 0 && Number.isFinite(settings.lr))) {
    throw new InputError(`--lr must be a finite number above 0, got ${settings.lr}.`);
  }
  if (!(settings.weightDecay >= 0 && Number.isFinite(settings.weightDecay))) {
    throw new InputError(
      `--weight-decay must be a finite number of at least 0, got ${settings.weightDecay}.`,
    );
  }
  runSchedule(settings);
  if (!studentNames.includes(settings.student)) {
    throw unknownName('student', settings.student, studentNames, '--student');
  }
  parseDataSpec(settings.data);
  checkLosses(settings);
}

function checkLosses({ teacher, cache, losses }: RunSettings): void {
  const active = losses.filter(({ weight }) => weight > 0);
  if (cache !== undefined && teacher === undefined)
    throw new InputError(`--cache ${cache} is filled by a teacher, and none was given.`, {
      fix: 'name one with --teacher <model.onnx|card.yaml>, or leave --cache out',
    });
  if (active.some(({ name }) => name === 'center')) {
    throw new InputError(
      `the loss 'center' cannot be a term of a run, since its centres need an optimizer of their own.`,
      {
        fix: 'leave it out here; the library has centerLoss for a loop of your own',
      },
    );
  }
  const taught = active.filter(needsTeacher);
  if (teacher === undefined && taught.length > 0) {
    throw new InputError(
      `the losses ${taught.map(({ name }) => name).join(', ')} need a teacher, and none was given.`,
      {
        fix: `name one with --teacher <model.onnx|card.yaml>, or train without: ${taught.map(({ name }) => `--loss ${name}=0`).join(' ')}`,
      },
    );
  }
}

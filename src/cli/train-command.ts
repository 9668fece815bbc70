import type { Command } from 'commander';
import { backendNames } from '../backends/use-backend.js';
import { InputError } from '../errors.js';
import { lossSettings } from '../losses/loss-settings.js';
import { studentNames } from '../models/bnn-resnet.js';
import { defaultRunData } from '../cache/default-run-data.js';
import { providerOf } from '../teacher/providers.js';
import { formatShare } from '../training/accuracy.js';
import { distil, type RunSummary } from '../training/run.js';
import { defaultRunSettings, type RunSettings, scheduleNames } from '../training/run-settings.js';
import { gather, numberOf, numbersOf } from './arguments.js';
import { sharedOptions } from './shared-options.js';
import { TrainingProgress } from './training-progress.js';

interface TrainFlags extends Omit<RunSettings, 'losses' | 'data' | 'student' | 'milestones' | 'gammas'> {
  readonly milestones?: readonly number[];
  readonly gammas?: readonly number[];
  readonly student?: string;
  readonly data?: string;
  readonly loss?: string[];
}

/** Makes training the default command. */
export function addTrainOptions(program: Command, signal: AbortSignal): void {
  const d = defaultRunSettings;
  program
    .option(
      '--teacher <model.onnx|card.yaml[,…]|cache>',
      'the teacher: an ONNX model, or its card; of several with commas between them the mean of the logits, and the feature maps of the first; or the directory of a cache (default: none; every loss but crossEntropy needs one)',
    )
    .option(
      '--cache <directory>',
      "store the teacher's answers there, and read those that are there already (default: none)",
    )
    .option(
      '--views <n>',
      'views of each picture; epoch e shows view e mod n (default: those of the cache, else one an epoch)',
      numberOf('--views'),
    )
    .option('--student <name>', `the binary student: ${studentNames.join(', ')} (required)`)
    .option(
      '--data <kind:folder>',
      "the data: cifar10:<folder>, cifar100:<folder>, imagefolder:<folder> or cifar10-sample (default: $DISTILL_DATA, else the sample of the teacher's data set)",
    )
    .addOption(sharedOptions.skipCorrupt())
    .option('--epochs <n>', 'passes over the training pictures', numberOf('--epochs'), d.epochs)
    .option('--batch-size <n>', 'pictures of a step', numberOf('--batch-size'), d.batchSize)
    .option('--lr <x>', 'initial learning rate of Adam', numberOf('--lr'), d.lr)
    .option('--schedule <name>', `the learning rate over the epochs: ${scheduleNames.join(', ')}`, d.schedule)
    .option(
      '--milestones <n,n,…>',
      'epochs, counted from 0, at whose start the schedule step acts (default: none)',
      numbersOf('--milestones'),
    )
    .option('--gammas <x,x,…>', 'its factors, one for each milestone (default: none)', numbersOf('--gammas'))
    .option(
      '--weight-decay <x>',
      'added to the gradient as x·w, for tensors of rank 2 and more',
      numberOf('--weight-decay'),
      d.weightDecay,
    )
    .option('--clip-latent', 'clip latent weights to [-1, 1] after each step', d.clipLatent)
    .option(
      '--loss <name=weight[,option=value]>',
      'a loss term, once for each (default: kl=1,T=4 features=1 crossEntropy=1,epsilon=0.1; also attention, refinery)',
      gather,
    )
    .option('--seed <n>', 'keys initialisation and shuffling', numberOf('--seed'), d.seed)
    .addOption(sharedOptions.viewSeed())
    .addOption(sharedOptions.mean())
    .addOption(sharedOptions.std())
    .addOption(sharedOptions.threads('student and teacher'))
    .addOption(sharedOptions.provider())
    .option('--backend <name>', `where the student trains: ${backendNames.join(', ')}`, d.backend)
    .option('--out <directory>', 'the run directory (default: runs/<student>-<n>)')
    .action(async (flags: TrainFlags) => {
      await train(flags, signal);
    });
}

async function train(flags: TrainFlags, signal: AbortSignal): Promise<void> {
  const { loss, student, ...rest } = flags;
  if (student === undefined) {
    throw new InputError(`no student was named; expected --student with one of ${studentNames.join(', ')}.`, {
      fix: 'type for instance: distill --teacher cifar10-resnet20 --student bnn-resnet20',
    });
  }
  const typed = `distill${flags.teacher === undefined ? '' : ` --teacher ${flags.teacher}`} --student ${student}`;
  const settings: RunSettings = {
    teacher: rest.teacher,
    cache: rest.cache,
    views: rest.views,
    mean: rest.mean,
    std: rest.std,
    student,
    data: flags.data ?? (await defaultRunData(flags.teacher, typed)),
    skipCorrupt: rest.skipCorrupt ?? false,
    epochs: rest.epochs,
    batchSize: rest.batchSize,
    lr: rest.lr,
    schedule: rest.schedule,
    milestones: rest.milestones ?? defaultRunSettings.milestones,
    gammas: rest.gammas ?? defaultRunSettings.gammas,
    weightDecay: rest.weightDecay,
    clipLatent: rest.clipLatent,
    seed: rest.seed,
    viewSeed: rest.viewSeed,
    threads: rest.threads,
    provider: providerOf('--provider', rest.provider ?? defaultRunSettings.provider),
    out: rest.out,
    backend: rest.backend,
    losses: lossSettings(loss),
  };
  const progress = new TrainingProgress(process.stdout, settings);
  const run = distil(settings, { signal });
  try {
    for (;;) {
      const next = await run.next();
      if (next.done) {
        progress.stop();
        printSummary(next.value);
        return;
      }
      progress.show(next.value);
    }
  } finally {
    progress.stop();
  }
}

function printSummary({ directory, bestEpoch, validation, test, seconds }: RunSummary): void {
  const lines = [
    `student  test top-1 ${formatShare(test.student.top1, test.student.total)}, of epoch ${bestEpoch}, the best on validation (${formatShare(validation.top1, validation.total)})`,
  ];
  if (test.teacher) lines.push(`teacher  test top-1 ${formatShare(test.teacher.top1, test.teacher.total)}`);
  lines.push(`time     ${seconds.toFixed(1)} s`, `run      ${directory}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

import { type Command, Option } from 'commander';
import { providerOf } from '../teacher/providers.js';
import { resume } from '../run/resume.js';
import { numberOf } from './arguments.js';
import { followRun, type ShownAs } from './follow-run.js';
import { sharedOptions } from './shared-options.js';

interface ResumeFlags extends ShownAs {
  readonly epochs?: number;
  readonly threads?: number;
  readonly provider?: string;
  readonly data?: string;
  readonly checkpointSeconds: number;
}

const asBefore = 'as before';

/** Adds `distill resume`. */
export function addResumeCommand(program: Command, signal: AbortSignal): void {
  program
    .command('resume')
    .argument('<run|latest>', 'the directory of the run, or that of the last checkpoint in runs/')
    .description(
      'Continues an interrupted run to the same bits. It goes on in the directory of the run, from its last checkpoint.',
    )
    .addOption(
      new Option(
        '--epochs <n>',
        'epochs of the stage under way, whose schedule is then that of the new number',
      )
        .argParser(numberOf('--epochs'))
        .default(undefined, asBefore),
    )
    .addOption(sharedOptions.threads('student and teacher').default(undefined, asBefore))
    .addOption(sharedOptions.provider().default(undefined, asBefore))
    .addOption(new Option('--data <kind:folder>', 'where the same data are now').default(undefined, asBefore))
    .addOption(sharedOptions.checkpointSeconds())
    .addOption(sharedOptions.quiet())
    .addOption(sharedOptions.json())
    .action(async (run: string, { provider, quiet = false, json = false, ...flags }: ResumeFlags) => {
      const named = provider === undefined ? {} : { provider: providerOf('--provider', provider) };
      const { recipe, train } = await resume(run, { ...flags, ...named, signal });
      await followRun(recipe, train(), { signal, quiet, json });
    });
}

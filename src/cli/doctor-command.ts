import type { Command } from 'commander';
import { checkMachine } from '../run/doctor.js';

/** Adds `distill doctor`. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'Shows what this machine has and lacks for training. Of what is missing it says how to get it.',
    )
    .action(async () => {
      const checks = await checkMachine();
      const width = Math.max(...checks.map(({ what }) => what.length));
      const lines = checks.flatMap(({ what, isPresent, found, fix }) => [
        `${isPresent ? 'ok ' : '–  '}  ${what.padEnd(width)}  ${found}`,
        ...(fix === undefined ? [] : [`     ${' '.repeat(width)}  to have it: ${fix}`]),
      ]);
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

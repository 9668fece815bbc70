import type { Command } from 'commander';
import { checkMachine } from '../run/doctor.js';
import { checkData, requireSound } from '../data/check-data.js';

/** Adds `distill doctor` and `distill data check`. */
export function addDoctorCommands(program: Command): void {
  program
    .command('doctor')
    .description('Shows what this machine has for training, and what to do about each thing that is missing.')
    .action(async () => {
      const checks = await checkMachine();
      const width = Math.max(...checks.map(({ what }) => what.length));
      const lines = checks.flatMap(({ what, isPresent, found, fix }) => [
        `${isPresent ? 'ok ' : '–  '}  ${what.padEnd(width)}  ${found}`,
        ...(fix === undefined ? [] : [`     ${' '.repeat(width)}  to have it: ${fix}`]),
      ]);
      process.stdout.write(`${lines.join('\n')}\n`);
    });
  program
    .command('data')
    .description('Looks at data.')
    .command('check')
    .description('Reads every image of a data set, counts them, and names what is wrong.')
    .argument('<kind:folder>', 'cifar10:<folder>, cifar100:<folder>, imagefolder:<folder> or cifar10-sample')
    .action(async (spec: string) => {
      const facts = await checkData(spec);
      const { classes, splits, problems } = facts;
      const lines = [
        `classes     ${classes.length}: ${classes.slice(0, 10).join(', ')}${classes.length > 10 ? ', …' : ''}`,
      ];
      for (const { split, images, size, perClass, mean, sha256 } of splits) {
        const each = `${Math.min(...perClass).toLocaleString('en-US')} to ${Math.max(...perClass).toLocaleString('en-US')}`;
        const colours = mean ? `, mean ${mean.map((value) => value.toFixed(4)).join(', ')}` : '';
        lines.push(
          `${split.padEnd(10)}  ${images.toLocaleString('en-US')} images of ${size.join('×')}, ${each} a class${colours}`,
          `            sha256 ${sha256}`,
        );
      }
      lines.push(...problems.map((problem) => `problem     ${problem}`));
      process.stdout.write(`${lines.join('\n')}\n`);
      requireSound(facts);
    });
}

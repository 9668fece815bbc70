import type { Command } from 'commander';
import { checkData, requireSound } from '../data/check-data.js';

/** Adds `distill data check`. */
export function addDataCommand(program: Command): void {
  program
    .command('data')
    .description('Checks a data set.')
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

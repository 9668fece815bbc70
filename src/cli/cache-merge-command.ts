import type { Command } from 'commander';
import { mergeCaches } from '../cache/merge-caches.js';
import { InputError } from '../errors.js';
import { size } from './size.js';

/** Adds `distill cache merge`. */
export function addCacheMergeCommand(cache: Command): void {
  cache
    .command('merge')
    .description('Joins the shards of a cache. Files are linked where that is possible, else copied.')
    .argument('<directory...>', 'shards')
    .option('--out <directory>', 'the directory of the joined cache (required)')
    .action(async (directories: string[], { out }: { out: string | undefined }) => {
      if (out === undefined)
        throw new InputError('--out is missing.', {
          fix: 'name the directory of the joined cache with --out',
        });
      const { files, bytes, missing } = await mergeCaches(directories, out);
      const state = missing.length === 0 ? 'complete' : `${missing.length} files are still missing`;
      process.stdout.write(`${out}: ${files} files, ${size(bytes)}; ${state}\n`);
    });
}

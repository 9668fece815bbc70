import type { Command } from 'commander';
import { verifyCache } from '../cache/verify-cache.js';
import { size } from './size.js';
import { WorkProgress } from './work-progress.js';

/** Adds `distill cache verify`. */
export function addCacheVerifyCommand(cache: Command, signal: AbortSignal): void {
  cache
    .command('verify')
    .description('Reads all of a cache and compares it with its checksums.')
    .argument('<directory...>', 'caches')
    .action(async (directories: string[]) => {
      for (const directory of directories) await verify(directory, signal);
    });
}

async function verify(directory: string, signal: AbortSignal): Promise<void> {
  const progress = new WorkProgress(process.stdout, `verifying ${directory}`, 'bytes');
  const onProgress = (done: number, total: number): void => {
    progress.show(done, total);
  };
  const { files, rows, bytes, missing } = await verifyCache(directory, { signal, onProgress }).finally(() => {
    progress.stop();
  });
  const state = missing.length === 0 ? 'complete' : `${missing.length} files of the whole are not here`;
  process.stdout.write(
    `${directory}: ${files} files, ${rows.toLocaleString('en-US')} rows, ${size(bytes)}: all checksums are right; ${state}\n`,
  );
}

import type { Command } from 'commander';
import { CacheFormat } from '../cache/cache-format.js';
import { rowBytes } from '../cache/columns.js';
import { type Manifest, requireManifest } from '../cache/manifest.js';
import { mergeCaches } from '../cache/merge-caches.js';
import { missingParts, verifyCache } from '../cache/verify-cache.js';
import { InputError } from '../errors.js';
import { size } from './size.js';
import { WorkProgress } from './work-progress.js';

/** Adds `distill cache verify`, `info` and `merge`. */
export function addCacheReports(cache: Command, signal: AbortSignal): void {
  cache
    .command('verify')
    .description('Reads all of a cache and compares it with its checksums.')
    .argument('<directory...>', 'caches')
    .action(async (directories: string[]) => {
      for (const directory of directories) {
        const progress = new WorkProgress(process.stdout, `verifying ${directory}`, 'bytes');
        const { files, rows, bytes, missing } = await verifyCache(directory, {
          signal,
          onProgress: (done, total) => {
            progress.show(done, total);
          },
        }).finally(() => {
          progress.stop();
        });
        const state = missing.length === 0 ? 'complete' : `${missing.length} files of the whole are not here`;
        print([
          `${directory}: ${files} files, ${rows.toLocaleString('en-US')} rows, ${size(bytes)}: all checksums are right; ${state}`,
        ]);
      }
    });
  cache
    .command('info')
    .description('Prints what a cache holds and what it was made for.')
    .argument('<directory...>', 'caches')
    .action(async (directories: string[]) => {
      for (const directory of directories) print(describe(directory, await requireManifest(directory)));
    });
  cache
    .command('merge')
    .description(
      'Joins the shards of a cache; files are linked where that is possible, and copied otherwise.',
    )
    .argument('<directory...>', 'shards')
    .option('--out <directory>', 'the directory of the joined cache (required)')
    .action(async (directories: string[], { out }: { out: string | undefined }) => {
      if (out === undefined)
        throw new InputError('--out is missing.', {
          fix: 'name the directory of the joined cache with --out',
        });
      const { files, bytes, missing } = await mergeCaches(directories, out);
      const state = missing.length === 0 ? 'complete' : `${missing.length} files are still missing`;
      print([`${out}: ${files} files, ${size(bytes)}; ${state}`]);
    });
}

function describe(directory: string, manifest: Manifest): string[] {
  const { teachers, data, views, contents, files } = manifest;
  const format = new CacheFormat(manifest);
  const missing = missingParts(manifest, format).length;
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const perRow = rowBytes(format.columns);
  return [
    `cache       ${directory} (${missing === 0 ? 'complete' : `${missing} of ${format.parts.length} files missing`})`,
    ...teachers.map(({ file, sha256 }) => `teacher     ${file} (sha256 ${sha256[0]})`),
    `data        ${data.kind}, ${data.split} split, ${data.pictures.toLocaleString('en-US')} images of ${data.size.join('×')}`,
    `views       ${views.count}, keyed by view seed ${views.viewSeed}, ${JSON.stringify(views.augmentation)}`,
    `stored as   ${contents.dtype}${contents.topK === null ? '' : `, the ${contents.topK} largest probabilities`}`,
    ...format.columns.map(
      ({ name, type, list, description }) =>
        `column      ${name}  ${list === null ? type : `${type}[${list}]`}  ${description}`,
    ),
    `rows        ${rows.toLocaleString('en-US')}, ${perRow.toLocaleString('en-US')} bytes each, ${size(perRow * data.pictures)} a view`,
    `files       ${files.length}, ${size(bytes)}`,
    ...[...new Set(files.map(({ provider, versions }) => `${provider} (${namedVersions(versions)})`))].map(
      (origin) => `made on     ${origin}`,
    ),
  ];
}

function namedVersions(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

import type { Command } from 'commander';
import { CacheFormat } from '../cache/cache-format.js';
import { rowBytes } from '../cache/columns.js';
import { type Manifest, requireManifest } from '../cache/manifest.js';
import { missingParts } from '../cache/verify-cache.js';
import { size } from './size.js';

/** Adds `distill cache info`. */
export function addCacheInfoCommand(cache: Command): void {
  cache
    .command('info')
    .description('Prints what a cache holds and what it was made for.')
    .argument('<directory...>', 'caches')
    .action(async (directories: string[]) => {
      for (const directory of directories) {
        const lines = describe(directory, await requireManifest(directory));
        process.stdout.write(`${lines.join('\n')}\n`);
      }
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

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a run left that does not depend on the clock: the students, and metrics without times. */
export function leftBy(directory: string): Record<string, unknown> {
  const students = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(best|last)\.safetensors$/.test(name))
    .sort()
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    ]);
  const timed = /Ms$|MiB$|^seconds$|^imagesPerSecond$/;
  const lines = readFileSync(join(directory, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  const metrics = lines.map((line) =>
    Object.entries(JSON.parse(line) as object).filter(([key]) => !timed.test(key)),
  );
  const csv = readFileSync(join(directory, 'epochs.csv'), 'utf8').trimEnd().split('\n');
  const rows = csv.map((line) => line.split(',').slice(0, -3));
  const read = JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8')) as { stages: object[] };
  const summary = {
    ...read,
    seconds: 0,
    directory: '',
    stages: read.stages.map((stage) => ({ ...stage, seconds: 0 })),
  };
  return { students: Object.fromEntries(students), metrics, rows, summary };
}

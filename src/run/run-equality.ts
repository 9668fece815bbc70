import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The first difference between two runs, as a clause; undefined if they are equal. Metrics are compared
 * except for times and memory, then students byte for byte.
 */
export async function firstRunDifference(a: string, b: string): Promise<string | undefined> {
  const names = new Set([...(await studentsOf(a)), ...(await studentsOf(b))]);
  const metrics = await firstMetricDifference(a, b);
  if (metrics !== undefined) return metrics;
  for (const name of [...names].sort()) {
    const [one, other] = await Promise.all(
      [a, b].map((run) => readFile(join(run, name)).catch(() => undefined)),
    );
    if (one === undefined || other === undefined) return `only one of them has ${name}`;
    if (!one.equals(other)) return `the tensors in ${name} differ`;
  }
  return undefined;
}

async function studentsOf(run: string): Promise<string[]> {
  const names = await readdir(run, { recursive: true });
  return names.filter((name) => /(^|\/)(best|last)\.safetensors$/.test(name));
}

async function firstMetricDifference(a: string, b: string): Promise<string | undefined> {
  const [one, other] = await Promise.all([a, b].map(linesOf));
  for (let n = 0; n < Math.max(one.length, other.length); n++) {
    if (one[n] === other[n]) continue;
    const place = (JSON.parse(one[n] ?? other[n]) as { event: string; epoch: number; step?: number }) ?? {};
    const step = place.step === undefined ? '' : `, step ${place.step}`;
    return `the first difference in the metrics is in line ${n + 1} (${place.event} of epoch ${place.epoch}${step})`;
  }
  return undefined;
}

/** The lines of metrics.jsonl without times and memory. */
async function linesOf(run: string): Promise<string[]> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  const lines = text.trimEnd().split('\n');
  return lines.map((line) =>
    JSON.stringify(JSON.parse(line), (key, value: unknown) => (isTimed(key) ? undefined : value)),
  );
}

function isTimed(key: string): boolean {
  return key.endsWith('Ms') || key.endsWith('MiB') || key === 'seconds' || key === 'imagesPerSecond';
}

/** Runs program.ts in a process of its own and says at which call it ended, where it did not end well. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How many calls each function took, and how many it refused. */
export interface FuzzReport {
  readonly taken: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
}

const program = fileURLToPath(new URL('./program.ts', import.meta.url));

/**
 * Calls `count` functions from number `first` on.
 *
 * @throws Error that names the call at which the program faulted, failed, or stood still for `patienceMs`
 */
export async function runFuzz(
  seed: number,
  first: number,
  count: number,
  patienceMs = 60_000,
): Promise<FuzzReport> {
  const directory = mkdtempSync(join(tmpdir(), 'bnn-fuzz-'));
  const file = join(directory, 'position');
  const position = (): string => {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      return '';
    }
  };
  const child = spawn(process.execPath, [
    '--import',
    'tsx',
    program,
    ...[seed, first, count].map(String),
    file,
  ]);
  const output: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (data: Buffer) => (output[name] += data.toString()));
  let last = position();
  let still = false;
  const watch = setInterval(() => {
    still = last === position();
    last = position();
    if (still) child.kill('SIGKILL');
  }, patienceMs);
  const ended = await new Promise<string>((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? String(code)));
  });
  clearInterval(watch);
  const at = position();
  rmSync(directory, { recursive: true });
  if (ended === '0') return JSON.parse(output.stdout) as FuzzReport;
  throw new Error(
    `call ${at} of seed ${seed} ended with ${still ? 'no progress' : ended} (again: npm run test:fuzz -- --seed ${seed} --first ${at} --calls 1)\n${output.stderr.slice(-4000)}`,
  );
}

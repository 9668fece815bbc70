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

/** What a run calls and how. */
export interface FuzzOptions {
  readonly seed: number;
  /** The number of the first call; default 0. */
  readonly first?: number;
  readonly calls: number;
  /** How long one call may take, in milliseconds; default a minute. */
  readonly patienceMs?: number;
  /** Of the process, beside this one's; default none. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Calls every function of the addon in turn.
 *
 * @throws Error that names the call at which the program faulted, failed, or stood still for `patienceMs`
 */
export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, first = 0, calls, patienceMs = 60_000, environment = {} } = options;
  const directory = mkdtempSync(join(tmpdir(), 'bnn-fuzz-'));
  const file = join(directory, 'position');
  const position = (): string => {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      return '';
    }
  };
  const args = ['--import', 'tsx', program, ...[seed, first, calls].map(String), file];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment } });
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

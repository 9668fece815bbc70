import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** The built command line, as `npm run build` leaves it. */
export const mainFile = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** The teacher that comes with the package. */
export const teacherFile = fileURLToPath(new URL('../../teachers/cifar10-resnet20.onnx', import.meta.url));

/** How a command ended. */
export interface Ended {
  /** Null when a signal killed it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Settings of a child process. */
export interface Place {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A folder of the test file, removed after its tests. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bnn-distill-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a program without terminal and without the variables that would decide for it. */
export function start(
  command: string,
  args: readonly string[],
  { env = {}, cwd = tmpdir() }: Place = {},
): Running {
  const inherited = { ...process.env };
  delete inherited['DISTILL_DATA'];
  const child = spawn(command, args, {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => (text[name] += part));
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
  return { child, ended };
}

/** Runs `distill` with these arguments to its end. */
export async function distill(args: readonly string[], place: Place = {}): Promise<Ended> {
  return start(process.execPath, [mainFile, ...args], place).ended;
}

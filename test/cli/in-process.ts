import { vi } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import type { Ended } from './distill.js';

/** Runs the command line in this process: what needs no process of its own is tested so in a hundredth of the time. */
export async function runInProcess(args: readonly string[]): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((part) => {
      text[name] += String(part);
      return true;
    }),
  );
  try {
    const code = await runCli(args);
    return { code, ...text };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

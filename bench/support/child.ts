import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RunError } from '../../src/errors.js';

/**
 * Runs a program of bench/ in a process of its own and reads the JSON object that it prints.
 *
 * @param program its name without .ts
 * @throws RunError when it fails, with the last lines that it wrote to stderr
 */
export function runProgram<Figures>(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Figures {
  const file = fileURLToPath(new URL(`../${program}.ts`, import.meta.url));
  try {
    const printed = execFileSync(process.execPath, ['--import', 'tsx', file, ...args], {
      env,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return JSON.parse(printed) as Figures;
  } catch (error) {
    const written = ((error as { stderr?: string }).stderr ?? '').trim();
    const why = written === '' ? String(error) : written.split('\n').slice(-3).join('\n');
    throw new RunError(`bench/${program}.ts ${args.join(' ')} failed: ${why}`, { cause: error });
  }
}

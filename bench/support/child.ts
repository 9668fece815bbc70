import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RunError } from '../../src/errors.js';

const root = new URL('../../', import.meta.url);
const fileOf = (path: string): string => fileURLToPath(new URL(path, root));

let compiled = false;

/** Compiles bench/ and src/ to bench/build: a loader of TypeScript would count as memory of the program that it loads. */
function compile(): void {
  if (compiled) return;
  execFileSync(process.execPath, [
    fileOf('node_modules/typescript/bin/tsc'),
    '-p',
    fileOf('tsconfig.bench.json'),
  ]);
  compiled = true;
}

/**
 * Runs a program of bench/, compiled, in a process of its own and reads the JSON object that it prints.
 *
 * @param program its name without .ts
 * @throws RunError when it fails, with the last lines that it wrote to stderr
 */
export function runProgram<Figures>(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Figures {
  try {
    compile();
    const printed = execFileSync(process.execPath, [fileOf(`bench/build/bench/${program}.js`), ...args], {
      env: { BNN_DISTILL_ADDON: fileOf('native/build/bnn_distill.node'), ...env },
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

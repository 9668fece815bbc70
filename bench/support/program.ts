import { InputError, RunError } from '../../src/errors.js';

/**
 * Runs the body of a program of this folder or of scripts/: a wrong flag or a missing part ends it with one sentence on
 * stderr and exit code 2, a failure with 1. Everything else that goes wrong is a mistake of ours and keeps its stack.
 *
 * @param name as after `npm run`
 */
export async function program(name: string, body: () => void | Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof InputError) && !(error instanceof RunError)) throw error;
    console.error(`${name}: ${error.message}`);
    if (error.fix !== undefined) console.error(`  fix: ${error.fix}`);
    process.exitCode = error instanceof InputError ? 2 : 1;
  }
}

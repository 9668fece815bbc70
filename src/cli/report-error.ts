import type { Command } from 'commander';
import { InputError, RunError } from '../errors.js';
import { inFlags } from './fields-as-flags.js';

/**
 * Prints an error as cause, nearest names and fix, one line each, and gives the exit code: 2 for wrong input, 1 for a
 * failure.
 *
 * @param command the command that failed, whose flags stand for the fields that the error names
 */
export function reportError(error: unknown, command: Command, debug: boolean): number {
  const known = error instanceof InputError || error instanceof RunError;
  const message = error instanceof Error ? error.message : String(error);
  const lines = [`distill: ${known ? inFlags(message, command) : `unexpected failure: ${message}`}`];
  if (error instanceof InputError && error.nearest.length > 0)
    lines.push(`  nearest: ${error.nearest.join(', ')}`);
  if (known && error.fix !== undefined) lines.push(`  fix: ${inFlags(error.fix, command)}`);
  if (!known && !debug) lines.push('  fix: run it again with --debug to see where it comes from');
  if (debug && error instanceof Error) lines.push(error.stack ?? '', causeOf(error));
  process.stderr.write(`${lines.filter((line) => line !== '').join('\n')}\n`);
  return error instanceof InputError ? 2 : 1;
}

function causeOf(error: Error): string {
  const { cause } = error;
  if (cause === undefined) return '';
  return `caused by: ${cause instanceof Error ? (cause.stack ?? cause.message) : JSON.stringify(cause)}`;
}

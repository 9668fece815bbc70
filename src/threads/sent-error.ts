import { InputError, RunError } from '../errors.js';

/** An error as plain data: classes are lost between threads. */
export interface SentError {
  readonly kind: 'input' | 'run' | 'other';
  readonly message: string;
  readonly nearest: readonly string[];
  readonly fix: string | undefined;
}

/** Turns an error into plain data. */
export function sentError(error: unknown): SentError {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InputError) return { kind: 'input', message, nearest: error.nearest, fix: error.fix };
  if (error instanceof RunError) return { kind: 'run', message, nearest: [], fix: error.fix };
  return { kind: 'other', message, nearest: [], fix: undefined };
}

/** Turns plain data back into the error. */
export function receivedError({ kind, message, nearest, fix }: SentError): Error {
  const advice = fix === undefined ? {} : { fix };
  if (kind === 'input') return new InputError(message, { nearest, ...advice });
  return kind === 'run' ? new RunError(message, advice) : new Error(message);
}

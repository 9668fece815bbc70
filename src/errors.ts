// Message and fix name a field of the call or a key of the recipe in backticks, with its value where one is proposed:
// `threads`, `losses.kl.weight: 0`. The command line puts its flags in their place (cli/fields-as-flags.ts).

/** What an {@link InputError} may carry beside its sentence. */
export interface InputErrorOptions {
  /** The known names nearest to the one that was given. */
  nearest?: readonly string[];
  /** What to do about it, as a command or an instruction. */
  fix?: string;
  /** The error underneath, shown with `--debug`. */
  cause?: unknown;
}

/**
 * The input is wrong: a flag, a file, a setting. The message is one sentence that names the value and what was
 * expected. The command line ends with exit code 2.
 */
export class InputError extends Error {
  override readonly name: string = 'InputError';
  readonly nearest: readonly string[];
  readonly fix: string | undefined;

  constructor(message: string, options: InputErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.nearest = options.nearest ?? [];
    this.fix = options.fix;
  }
}

/** The input was right and the work failed (a non-finite loss, a full disk). The command line ends with exit code 1. */
export class RunError extends Error {
  override readonly name: string = 'RunError';
  readonly fix: string | undefined;

  constructor(message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fix = options.fix;
  }
}

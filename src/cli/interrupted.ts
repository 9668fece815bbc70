/** The reason with which a command is aborted when its process gets a signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(readonly signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
  }

  /** 128 and the number of the signal, as shells have it. */
  get exitCode(): number {
    return this.signal === 'SIGINT' ? 130 : 143;
  }
}

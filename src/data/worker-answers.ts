import { Worker, type Transferable } from 'node:worker_threads';
import { RunError } from '../errors.js';

/** A request to a worker, and the memory that goes with it. */
export interface WorkerRequest {
  message: unknown;
  transfer: readonly Transferable[];
}

/** How a worker is run by {@link workerAnswers}. */
export interface WorkerOptions {
  /** The module of the thread. It answers every message with one message, in order. */
  entry: URL;
  workerData: unknown;
  /** The number of requests. */
  count: number;
  /** The most requests under way or answered and not yet taken. */
  ahead: number;
  /** The n-th request, made when it is sent. */
  request: (n: number) => WorkerRequest;
  /** Stops the thread; the iterator then throws the signal's reason. */
  signal: AbortSignal | undefined;
}

/**
 * The answers of a worker thread to `count` requests, in order, with at most `ahead` of them prepared before they are
 * taken. The thread starts with the first answer asked for and ends with the iterator: after the last answer, on an early
 * `return()`, on an error and on an abort. It keeps the process alive only while somebody waits for an answer.
 *
 * @throws RunError if the thread fails or ends before it has answered
 */
export async function* workerAnswers<Answer>(
  options: WorkerOptions,
): AsyncGenerator<Answer, void, undefined> {
  const { count, ahead, request, signal } = options;
  signal?.throwIfAborted();
  if (count === 0) return;
  // Not the parent's flags: a loader given to it is not meant for the built module.
  const worker = new Worker(options.entry, { workerData: options.workerData, execArgv: [] });
  worker.unref();
  const inbox = new Inbox<Answer>(worker, signal);
  let sent = 0;
  const send = (): void => {
    const { message, transfer } = request(sent++);
    worker.postMessage(message, transfer);
  };
  try {
    while (sent < Math.min(ahead, count)) send();
    for (let taken = 0; taken < count; taken++) {
      const answer = await inbox.take();
      if (sent < count) send();
      yield answer;
    }
  } finally {
    inbox.close();
    await worker.terminate();
  }
}

/** The answers that came, or the failure that ended them; one reader at a time. */
class Inbox<Answer> {
  private readonly answers: Answer[] = [];
  private failure: { error: unknown } | undefined;
  private wake: (() => void) | undefined;
  private readonly abort = (): void => this.fail(this.signal?.reason);

  constructor(
    private readonly worker: Worker,
    private readonly signal: AbortSignal | undefined,
  ) {
    worker.on('message', (answer: Answer) => {
      this.answers.push(answer);
      this.wake?.();
    });
    // A crash may be heard of before the last answers; at the thread's exit they are all here.
    let crash: Error | undefined;
    worker.on('error', (cause) => (crash = cause));
    worker.on('messageerror', (cause) => this.fail(workerFailed(cause.message, cause)));
    worker.on('exit', (code) =>
      this.fail(crash ? workerFailed(crash.message, crash) : workerFailed(`it ended early with code ${code}`)),
    );
    signal?.addEventListener('abort', this.abort);
  }

  async take(): Promise<Answer> {
    this.worker.ref();
    try {
      // An abort comes before answers that are ready; a crash only after them.
      while (this.answers.length === 0 && this.failure === undefined) {
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
      this.signal?.throwIfAborted();
      const answer = this.answers.shift();
      if (answer !== undefined) return answer;
      throw this.failure?.error;
    } finally {
      this.worker.unref();
    }
  }

  close(): void {
    this.signal?.removeEventListener('abort', this.abort);
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.wake?.();
  }
}

function workerFailed(what: string, cause?: unknown): RunError {
  return new RunError(`the thread that prepares batches failed: ${what}`, { cause });
}

import { Worker, type Transferable } from 'node:worker_threads';
import { RunError } from '../errors.js';

/** A request to a worker, and the memory that is transferred with it. */
export interface WorkerRequest {
  message: unknown;
  transfer: readonly Transferable[];
}

/** Options of {@link workerAnswers}. */
export interface WorkerOptions {
  /** The module of the thread. It answers every message with one message, in order. */
  entry: URL;
  workerData: unknown;
  /** The number of requests. */
  count: number;
  /** The most requests that are sent and whose answers are not taken yet. */
  ahead: number;
  /** Makes the n-th request when it is sent. */
  request: (n: number) => WorkerRequest;
  /** Stops the thread; the iterator then throws the signal's reason. */
  signal: AbortSignal | undefined;
}

/**
 * The answers of a worker thread to `count` requests, in order. At most `ahead` of them are prepared in
 * advance. The thread starts when the first answer is requested and ends with the iterator: after the last
 * answer, on an early `return()`, on an error and on an abort. It keeps the process alive only while an
 * answer is awaited.
 *
 * @throws RunError if the thread fails or ends before it has answered
 */
export async function* workerAnswers<Answer>(
  options: WorkerOptions,
): AsyncGenerator<Answer, void, undefined> {
  const { count, ahead, request, signal } = options;
  signal?.throwIfAborted();
  if (count === 0) return;
  // Without the parent's flags: a loader among them is not meant for the built module.
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

/** The answers that have arrived, or the failure that ended them. It has one reader. */
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
    // A crash may be reported before the last answers; at the thread's exit all have arrived.
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
      // An abort goes before answers that are ready, a crash after them.
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

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Transferable, Worker } from 'node:worker_threads';
import { RunError } from '../errors.js';
import { receivedError, type SentError } from './sent-error.js';

/** What an {@link AnsweringThread} sends back. */
export type ThreadAnswer<Answer> = { readonly value: Answer } | { readonly error: SentError };

interface Waiting<Answer> {
  readonly resolve: (answer: ThreadAnswer<Answer>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A thread that answers each message with one message, in order. Messages may be sent before earlier ones are
 * answered. It keeps the process alive only while an answer is awaited.
 */
export class AnsweringThread<Request, Answer> {
  readonly #worker: Worker;
  readonly #waiting: Waiting<Answer>[] = [];
  #failure: RunError | undefined;

  /**
   * @param what the name of the thread in messages, such as `the thread that reads the cache`
   * @param entry the module of the thread, source or built, like the module that starts it
   * @param workerData the data with which the thread starts
   */
  constructor(
    private readonly what: string,
    entry: URL,
    workerData: unknown,
  ) {
    // Without the parent's flags: a loader among them is not meant for the built module.
    this.#worker = new Worker(builtModule(what, entry), { workerData, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (answer: ThreadAnswer<Answer>) => this.#waiting.shift()?.resolve(answer));
    // A crash may be reported before the last answer; at the thread's exit it has arrived.
    let crash: Error | undefined;
    this.#worker.on('error', (error) => (crash = error));
    this.#worker.on('exit', () =>
      this.#fail(
        crash
          ? new RunError(`${what} failed: ${crash.message}`, { cause: crash })
          : new RunError(`${what} ended early.`),
      ),
    );
  }

  /**
   * Sends a message and waits for its answer.
   *
   * @param transfer memory that is transferred with it
   * @throws the error that the thread answered; RunError if it failed or ended
   */
  async ask(request: Request, transfer: readonly Transferable[] = []): Promise<Answer> {
    const answer = this.answer();
    this.#worker.postMessage(request, transfer);
    return answer;
  }

  /** Waits for an answer without sending a message, as for the one after the start. */
  async answer(): Promise<Answer> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#worker.ref();
    const answer = await new Promise<ThreadAnswer<Answer>>((resolve, reject) =>
      this.#waiting.push({ resolve, reject }),
    );
    if (this.#waiting.length === 0) this.#worker.unref();
    if ('error' in answer) throw receivedError(answer.error);
    return answer.value;
  }

  /** Ends the thread. Answers that are still awaited fail. */
  async end(): Promise<void> {
    this.#fail(new RunError(`${this.what} was ended.`));
    await this.#worker.terminate();
  }

  #fail(error: RunError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** The built file of a module of `src`: threads cannot run TypeScript. */
function builtModule(what: string, module: URL): URL {
  const built = new URL(module.href.replace(/\/src\/(.*)\.ts$/, '/dist/$1.js'));
  if (existsSync(built)) return built;
  throw new RunError(`${what} was not built: ${fileURLToPath(built)} is missing.`, { fix: 'npm run build' });
}

/** The module `name` in the folder of the module `importMetaUrl`, in TypeScript if that one is. */
export function moduleBeside(importMetaUrl: string, name: string): URL {
  return new URL(`./${name}${importMetaUrl.endsWith('.ts') ? '.ts' : '.js'}`, importMetaUrl);
}

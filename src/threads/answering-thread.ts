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
 * A thread that answers each message with one message, in order. Messages may be sent before the answers to earlier ones
 * are there. It keeps the process alive only while an answer is awaited.
 */
export class AnsweringThread<Request, Answer> {
  readonly #worker: Worker;
  readonly #waiting: Waiting<Answer>[] = [];
  #failure: RunError | undefined;

  /**
   * @param what the thread in messages, as `the thread that reads the cache`
   * @param entry the module of the thread, seen from the source or the built file that asks for it
   * @param workerData what the thread is started with
   */
  constructor(
    private readonly what: string,
    entry: URL,
    workerData: unknown,
  ) {
    // Not the parent's flags: a loader given to it is not meant for the built module.
    this.#worker = new Worker(builtModule(what, entry), { workerData, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (answer: ThreadAnswer<Answer>) => this.#waiting.shift()?.resolve(answer));
    // A crash may be heard of before the last answer; at the thread's exit it is here.
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
   * @param transfer memory that goes with it
   * @throws what the thread answered as an error; RunError if it failed or ended
   */
  async ask(request: Request, transfer: readonly Transferable[] = []): Promise<Answer> {
    const answer = this.answer();
    this.#worker.postMessage(request, transfer);
    return answer;
  }

  /** Waits for an answer to which nothing was asked: that of the start. */
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

  /** Ends the thread; what is still awaited fails. */
  async end(): Promise<void> {
    this.#fail(new RunError(`${this.what} was ended.`));
    await this.#worker.terminate();
  }

  #fail(error: RunError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** The built file of a module of `src`: threads take no TypeScript. */
function builtModule(what: string, module: URL): URL {
  const built = new URL(module.href.replace(/\/src\/(.*)\.ts$/, '/dist/$1.js'));
  if (existsSync(built)) return built;
  throw new RunError(`${what} was not built: ${fileURLToPath(built)} is missing.`, { fix: 'npm run build' });
}

/** The module beside the one of `importMetaUrl` with this name, in TypeScript where that one is. */
export function moduleBeside(importMetaUrl: string, name: string): URL {
  return new URL(`./${name}${importMetaUrl.endsWith('.ts') ? '.ts' : '.js'}`, importMetaUrl);
}

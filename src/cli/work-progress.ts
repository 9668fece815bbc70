import cliProgress from 'cli-progress';
import { duration } from './duration.js';
import { size } from './size.js';

/** Seconds between two plain lines where the output is no terminal. */
export const quietSeconds = 20;

/** Shows how much of one work is done: a bar on a terminal, a line every 20 seconds elsewhere. */
export class WorkProgress {
  #bar: cliProgress.SingleBar | undefined;
  #lastLine = 0;
  #start: { readonly done: number; readonly at: number } | undefined;

  /** @param name what is done, as `cache` */
  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly name: string,
    private readonly unit: 'images' | 'files' | 'bytes',
  ) {}

  /** The first call says where the work begins. */
  show(done: number, total: number): void {
    const now = performance.now();
    if (!this.#start) {
      this.#start = { done, at: now };
      this.#lastLine = now;
    }
    const rate = (1000 * (done - this.#start.done)) / (now - this.#start.at);
    const isKnown = rate > 0;
    const state = {
      done: this.#text(done),
      all: this.#text(total),
      rate: isKnown ? `${this.#text(rate)}${this.unit === 'bytes' ? '' : ` ${this.unit}`}/s` : '',
      left: isKnown ? `${duration((total - done) / rate)} left` : '',
    };
    if (this.out.isTTY) {
      this.#bar ??= this.#newBar(total, state);
      this.#bar.update(done, state);
    } else if (now - this.#lastLine >= quietSeconds * 1000) {
      this.#lastLine = now;
      this.out.write(`${this.name}: ${state.done} of ${state.all}  ${state.rate}  ${state.left}\n`);
    }
  }

  /** Takes the bar away; the next work begins anew. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#start = undefined;
  }

  #text(amount: number): string {
    return this.unit === 'bytes' ? size(amount) : Math.round(amount).toLocaleString('en-US');
  }

  #newBar(total: number, state: object): cliProgress.SingleBar {
    const bar = new cliProgress.SingleBar({
      stream: this.out,
      format: `${this.name} [{bar}] {done}/{all}  {rate}  {left}`,
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
    });
    bar.start(total, 0, state);
    return bar;
  }
}

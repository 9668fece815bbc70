import cliProgress from 'cli-progress';
import type { CacheEvent, CacheSummary } from '../training/make-cache.js';
import { duration } from './duration.js';

/** Seconds between two plain lines where the output is no terminal. */
const quietSeconds = 20;

/** Shows the making of a cache: a bar on a terminal, plain lines elsewhere. */
export class CacheProgress {
  readonly #bar: cliProgress.SingleBar | undefined;
  #barRuns = false;
  #lastLine = performance.now();

  constructor(private readonly out: NodeJS.WriteStream) {
    if (!out.isTTY) return;
    this.#bar = new cliProgress.SingleBar({
      stream: out,
      format: 'cache [{bar}] {value}/{total}  {rate} images/s  {left} left',
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
    });
  }

  show(event: CacheEvent): void {
    if (event.kind === 'skipped') {
      this.#line(`left out: ${event.message}`);
      return;
    }
    if (event.kind === 'started') {
      const { directory, pictures, views, columns, bytes, shardBytes } = event;
      const shard = shardBytes === bytes ? '' : `, this shard ${size(shardBytes)}`;
      this.#line(
        `cache ${directory}: ${views} views of ${pictures.toLocaleString('en-US')} pictures, ${size(bytes)}${shard}`,
      );
      this.#line(`columns: ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`);
      return;
    }
    const { done, total, computed, imagesPerSecond } = event;
    const rate = imagesPerSecond.toFixed(0);
    const left = computed === 0 ? '?' : duration((total - done) / imagesPerSecond);
    if (this.#bar) {
      if (!this.#barRuns) this.#bar.start(total, 0, { rate, left });
      this.#barRuns = true;
      this.#bar.update(done, { rate, left });
      return;
    }
    const now = performance.now();
    if (now - this.#lastLine < quietSeconds * 1000) return;
    this.#lastLine = now;
    this.#line(
      `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}  ${rate} images/s  ${left} left`,
    );
  }

  showSummary({ directory, files, bytes, computed, seconds }: CacheSummary): void {
    const work =
      computed === 0
        ? 'nothing was left to compute'
        : `${computed.toLocaleString('en-US')} answers in ${duration(seconds)} (${(computed / seconds).toFixed(0)} images/s)`;
    this.#line(`${work}; ${files} ${files === 1 ? 'file' : 'files'}, ${size(bytes)} in ${directory}`);
  }

  /** Takes the bar away. */
  stop(): void {
    if (this.#barRuns) this.#bar!.stop();
    this.#barRuns = false;
  }

  #line(text: string): void {
    this.out.write(`${text}\n`);
  }
}

/** Bytes in a unit that suits them. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${(bytes / 1000 ** unit).toFixed(unit === 0 ? 0 : 2)} ${units[unit]}`;
}

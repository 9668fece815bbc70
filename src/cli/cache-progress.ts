import type { CacheEvent, CacheSummary } from '../run/make-cache.js';
import { duration } from './duration.js';
import { size } from './size.js';
import { WorkProgress } from './work-progress.js';

/** Shows the making of a cache: bars on a terminal, plain lines elsewhere. */
export class CacheProgress {
  readonly #making: WorkProgress;
  readonly #hashing: WorkProgress;

  constructor(private readonly out: NodeJS.WriteStream) {
    this.#making = new WorkProgress(out, 'cache', 'images');
    this.#hashing = new WorkProgress(out, 'hashing', 'files');
  }

  show(event: CacheEvent): void {
    switch (event.kind) {
      case 'skipped':
        this.#line(`left out: ${event.message}`);
        return;
      case 'hashing':
        this.#hashing.show(event.done, event.total);
        return;
      case 'started': {
        this.#hashing.stop();
        const { directory, images, views, columns, bytes, shardBytes } = event;
        const shard = shardBytes === bytes ? '' : `, this shard ${size(shardBytes)}`;
        this.#line(
          `cache ${directory}: ${views} views of ${images.toLocaleString('en-US')} images, ${size(bytes)}${shard}`,
        );
        this.#line(`columns: ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`);
        return;
      }
      case 'progress':
        this.#making.show(event.done, event.total);
    }
  }

  showSummary({ directory, files, bytes, computed, seconds }: CacheSummary): void {
    const work =
      computed === 0
        ? 'nothing was left to compute'
        : `${computed.toLocaleString('en-US')} answers in ${duration(seconds)} (${(computed / seconds).toFixed(0)} images/s)`;
    this.#line(`${work}; ${files} ${files === 1 ? 'file' : 'files'}, ${size(bytes)} in ${directory}`);
  }

  /** Takes the bars away. */
  stop(): void {
    this.#hashing.stop();
    this.#making.stop();
  }

  #line(text: string): void {
    this.out.write(`${text}\n`);
  }
}

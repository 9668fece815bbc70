/** The number of correct answers. */
export interface Accuracy {
  /** Images whose label has the largest logit. */
  readonly top1: number;
  /** Images whose label is among the five largest logits (among all, with fewer classes). */
  readonly top5: number;
  readonly total: number;
}

/** Counts correct answers over batches. */
export class AccuracyCounter {
  #top1 = 0;
  #top5 = 0;
  #total = 0;

  /**
   * Adds a batch. Of equal logits that of the smaller label counts as the larger one.
   *
   * @param logits [size, classes]
   * @param labels [size]
   */
  add(logits: Float32Array | Int32Array | Uint8Array, labels: Int32Array, classes: number): void {
    labels.forEach((label, row) => {
      const at = row * classes;
      const own = logits[at + label];
      let above = 0;
      for (let k = 0; k < classes; k++) {
        const other = logits[at + k];
        if (k !== label && !(other < own || (other === own && k > label))) above++;
      }
      this.#top1 += above === 0 ? 1 : 0;
      this.#top5 += above < 5 ? 1 : 0;
    });
    this.#total += labels.length;
  }

  get result(): Accuracy {
    return { top1: this.#top1, top5: this.#top5, total: this.#total };
  }
}

const grouped = new Intl.NumberFormat('en-US');

/** A share as text: `93.39 % (9,339 of 10,000)`. */
export function formatShare(correct: number, total: number): string {
  const percent = total === 0 ? 0 : (100 * correct) / total;
  return `${percent.toFixed(2)} % (${grouped.format(correct)} of ${grouped.format(total)})`;
}

/** Top-1 in percent. */
export function top1Percent({ top1, total }: Accuracy): number {
  return total === 0 ? 0 : (100 * top1) / total;
}

/** Whether an accuracy is within two standard deviations of guessing; false with fewer than 100 images. */
export function isAtChance({ top1, total }: Accuracy, classes: number): boolean {
  const expected = total / classes;
  return total >= 100 && top1 <= expected + 2 * Math.sqrt(expected * (1 - 1 / classes));
}

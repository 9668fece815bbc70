/** Arrays that are used again. Allocating fresh memory takes longer than filling it. */
export class ArrayPool {
  readonly #free: Float32Array[] = [];

  /** @param most arrays that are kept; others are left to the garbage collector */
  constructor(
    private readonly most: number,
    private readonly make = (length: number): Float32Array => new Float32Array(length),
  ) {}

  /** An array of this length with undefined contents. */
  take(length: number): Float32Array {
    const at = this.#free.findIndex((array) => array.length === length);
    return at < 0 ? this.make(length) : this.#free.splice(at, 1)[0];
  }

  /**
   * Gives an array back; it must not be used afterwards. One whose memory went to another thread is not kept.
   */
  give(array: Float32Array): void {
    if (array.length === 0 || this.#free.includes(array)) return;
    // The oldest go first: their length may no longer be needed.
    if (this.#free.push(array) > this.most) this.#free.shift();
  }
}

/** Arrays that are used again, since fresh memory costs more than what is written to it. */
export class ArrayPool {
  readonly #free: Float32Array[] = [];

  /** @param most arrays kept; what is given beyond is left to the garbage collector */
  constructor(
    private readonly most: number,
    private readonly make = (length: number): Float32Array => new Float32Array(length),
  ) {}

  /** An array of this length; what it holds is undefined. */
  take(length: number): Float32Array {
    const at = this.#free.findIndex((array) => array.length === length);
    return at < 0 ? this.make(length) : this.#free.splice(at, 1)[0];
  }

  /** Gives an array back; nobody may use it after. One that has lost its memory to another thread is not kept. */
  give(array: Float32Array): void {
    if (array.length === 0 || this.#free.includes(array)) return;
    // Those of a length that is not asked for any more go first.
    if (this.#free.push(array) > this.most) this.#free.shift();
  }
}

/** A range of pooled memory. */
export interface Block {
  readonly buffer: ArrayBuffer;
  readonly offset: number;
  readonly bytes: number;
}

interface Slab {
  readonly buffer: ArrayBuffer;
  /** Free ranges in order of their offsets, no two of them adjacent. */
  readonly free: { offset: number; bytes: number }[];
}

const alignment = 4096;
const slabBytes = 32 * 2 ** 20;

/**
 * Memory for tensors, taken from the operating system in slabs and never given back before {@link BufferPool.trim}:
 * fresh pages cost more than arithmetic, and a steady training step asks for the same sizes again and again. The best
 * fitting free range serves a request; neighbours are joined when they are freed.
 */
export class BufferPool {
  readonly #slabs: Slab[] = [];
  readonly #slabOf = new Map<ArrayBuffer, Slab>();
  readonly #allocate: (bytes: number) => ArrayBuffer;
  #usedBytes = 0;
  #peakBytes = 0;
  #heldBytes = 0;

  constructor(allocate: (bytes: number) => ArrayBuffer) {
    this.#allocate = allocate;
  }

  /** Bytes in blocks that are taken now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The most bytes taken at once since the start or the last {@link resetPeak}. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Bytes taken from the operating system. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  resetPeak(): void {
    this.#peakBytes = this.#usedBytes;
  }

  /** A block of at least `bytes` bytes, aligned to a page; its contents are undefined. */
  take(bytes: number): Block {
    const wanted = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    let bestSlab: Slab | undefined;
    let bestAt = -1;
    let bestBytes = Infinity;
    for (const slab of this.#slabs) {
      for (let i = 0; i < slab.free.length; i++) {
        const size = slab.free[i].bytes;
        if (size >= wanted && size < bestBytes) {
          bestSlab = slab;
          bestAt = i;
          bestBytes = size;
        }
      }
    }
    if (!bestSlab) {
      bestSlab = this.#addSlab(Math.max(wanted, slabBytes));
      bestAt = 0;
    }
    const range = bestSlab.free[bestAt];
    const block = { buffer: bestSlab.buffer, offset: range.offset, bytes: wanted };
    if (range.bytes === wanted) {
      bestSlab.free.splice(bestAt, 1);
    } else {
      range.offset += wanted;
      range.bytes -= wanted;
    }
    this.#usedBytes += wanted;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
    return block;
  }

  /** Takes a block back. It must not be used afterwards. */
  give(block: Block): void {
    const { free } = this.#slabOf.get(block.buffer)!;
    let at = 0;
    while (at < free.length && free[at].offset < block.offset) at++;
    const before = free[at - 1];
    const after = free[at];
    const joinsBefore = before !== undefined && before.offset + before.bytes === block.offset;
    const joinsAfter = after !== undefined && block.offset + block.bytes === after.offset;
    if (joinsBefore && joinsAfter) {
      before.bytes += block.bytes + after.bytes;
      free.splice(at, 1);
    } else if (joinsBefore) {
      before.bytes += block.bytes;
    } else if (joinsAfter) {
      after.offset = block.offset;
      after.bytes += block.bytes;
    } else {
      free.splice(at, 0, { offset: block.offset, bytes: block.bytes });
    }
    this.#usedBytes -= block.bytes;
  }

  /** Lets go of every slab of which nothing is taken. */
  trim(): void {
    for (let i = this.#slabs.length - 1; i >= 0; i--) {
      const slab = this.#slabs[i];
      if (slab.free.length === 1 && slab.free[0].bytes === slab.buffer.byteLength) {
        this.#slabs.splice(i, 1);
        this.#slabOf.delete(slab.buffer);
        this.#heldBytes -= slab.buffer.byteLength;
      }
    }
  }

  #addSlab(bytes: number): Slab {
    const buffer = this.#allocate(bytes);
    const slab = { buffer, free: [{ offset: 0, bytes: buffer.byteLength }] };
    this.#slabs.push(slab);
    this.#slabOf.set(buffer, slab);
    this.#heldBytes += buffer.byteLength;
    return slab;
  }
}

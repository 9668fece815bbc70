import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { NativeAddon } from './addon.js';
import { type Block, BufferPool } from './buffer-pool.js';

/** Tensors of fewer bytes come from the JavaScript heap: a pool would save nothing. */
const smallestPooledBytes = 2048;

type Values = ReturnType<MathBackendCPU['readSync']>;

/** The storage of a tensor: floats, or the packed signs of a ±1 tensor, which become floats when somebody reads them. */
class TensorStorage {
  refCount = 1;
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };
  #values: Values | undefined;
  readonly #blocks: Block[] = [];

  constructor(
    readonly dtype: DataType,
    values: Values | undefined,
    readonly packed: PackedSigns | undefined,
    readonly unpack?: (packed: PackedSigns, storage: TensorStorage) => Float32Array,
  ) {
    this.#values = values;
  }

  get values(): Values {
    if (this.#values === undefined) this.#values = this.unpack!(this.packed!, this);
    return this.#values;
  }

  /** Ties a block of the pool to this storage. */
  own(block: Block): void {
    this.#blocks.push(block);
  }

  release(pool: BufferPool): void {
    for (const block of this.#blocks) pool.give(block);
    this.#blocks.length = 0;
  }
}

/**
 * The signs of a tensor whose values are all ±1: rows of `channels` bits (1 is +1, 0 is −1) in ⌈channels / 32⌉ words; bit
 * c % 32 of word ⌊c / 32⌋ belongs to channel c; bits beyond the last channel are 0.
 */
export interface PackedSigns {
  readonly words: Uint32Array;
  readonly rows: number;
  readonly channels: number;
}

/** A float tensor under construction: fill `values`, then return `info`. */
export interface FloatOutput {
  readonly info: TensorInfo;
  readonly values: Float32Array;
}

/** Words that hold one packed row of `channels` bits. */
export function wordsPerRow(channels: number): number {
  return Math.ceil(channels / 32);
}

/**
 * The `native` backend of TensorFlow.js: kernels in C++ on pooled memory. It extends the stock CPU backend, so that every
 * kernel that has no native version still runs.
 */
export class NativeBackend extends MathBackendCPU {
  readonly pool: BufferPool;

  constructor(readonly addon: NativeAddon) {
    super();
    this.pool = new BufferPool((bytes) => addon.allocate(bytes));
    // The stock backend recommends another one at the first write.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }

  override write(values: Values, _shape: number[], dtype: DataType): object {
    return this.#store(new TensorStorage(dtype, values, undefined));
  }

  override move(dataId: object, values: Values, _shape: number[], dtype: DataType, refCount: number): void {
    const storage = new TensorStorage(dtype, values, undefined);
    storage.refCount = refCount;
    this.data.set(dataId, storage);
  }

  /** What is read is a copy: the tensor's own memory goes back to the pool when it is disposed of. */
  override readSync(dataId: object): Values {
    const values = super.readSync(dataId);
    return values instanceof Float32Array && this.pool.heldBytes > 0 ? values.slice() : values;
  }

  override disposeData(dataId: object, force = false): boolean {
    const storage = this.data.has(dataId) ? (this.data.get(dataId) as unknown as TensorStorage) : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone && storage) storage.release(this.pool);
    return gone;
  }

  /** A new float tensor whose values are undefined. */
  output(shape: readonly number[]): FloatOutput {
    const { values, block } = this.#floats(util.sizeFromShape([...shape]));
    const storage = new TensorStorage('float32', values, undefined);
    if (block) storage.own(block);
    return { info: { dataId: this.#store(storage), shape: [...shape], dtype: 'float32' }, values };
  }

  /**
   * The memory of `tensor` as that of a result of the same shape, when nobody else refers to it; a new one otherwise. The
   * kernel must write each element after it read it.
   */
  outputInPlaceOf(tensor: TensorInfo): FloatOutput {
    if (this.refCount(tensor.dataId) !== 1 || tensor.dtype !== 'float32') return this.output(tensor.shape);
    this.incRef(tensor.dataId);
    return { info: { ...tensor, shape: [...tensor.shape] }, values: this.floats(tensor) };
  }

  /** A new ±1 tensor stored as packed signs over its last dimension; the words are undefined. */
  packedOutput(shape: readonly number[]): { info: TensorInfo; packed: PackedSigns } {
    const channels = shape[shape.length - 1] ?? 1;
    const rows = util.sizeFromShape([...shape]) / channels;
    const block = this.pool.take(rows * wordsPerRow(channels) * 4);
    const words = new Uint32Array(block.buffer, block.offset, rows * wordsPerRow(channels));
    const packed = { words, rows, channels };
    const storage = new TensorStorage('float32', undefined, packed, (signs, owner) =>
      this.#unpack(signs, owner),
    );
    storage.own(block);
    return { info: { dataId: this.#store(storage), shape: [...shape], dtype: 'float32' }, packed };
  }

  /** The packed signs of a tensor that {@link packedOutput} made. */
  packedSigns(tensor: TensorInfo): PackedSigns {
    return (this.data.get(tensor.dataId) as unknown as TensorStorage).packed!;
  }

  /** The packed signs of a tensor; those of a tensor of floats are packed into memory that `use` may read until it ends. */
  withPackedSigns<Result>(tensor: TensorInfo, use: (packed: PackedSigns) => Result): Result {
    const storage = this.data.get(tensor.dataId) as unknown as TensorStorage;
    if (storage.packed) return use(storage.packed);
    const channels = tensor.shape[tensor.shape.length - 1] ?? 1;
    const rows = util.sizeFromShape(tensor.shape) / channels;
    const block = this.pool.take(rows * wordsPerRow(channels) * 4);
    try {
      const words = new Uint32Array(block.buffer, block.offset, rows * wordsPerRow(channels));
      this.addon.packSigns({ rows, channels, x: this.floats(tensor), sign: words, mask: null });
      return use({ words, rows, channels });
    } finally {
      this.pool.give(block);
    }
  }

  /** The values of a float tensor; they may be written only by the kernel that made them or by an optimizer. */
  floats(tensor: TensorInfo): Float32Array {
    const { values } = this.data.get(tensor.dataId);
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  }

  /** The values of an integer tensor, to be read. */
  integers(tensor: TensorInfo): ArrayLike<number> {
    return this.data.get(tensor.dataId).values as Int32Array;
  }

  #floats(size: number): { values: Float32Array; block?: Block } {
    if (size * 4 < smallestPooledBytes) return { values: new Float32Array(size) };
    const block = this.pool.take(size * 4);
    return { values: new Float32Array(block.buffer, block.offset, size), block };
  }

  #unpack(packed: PackedSigns, owner: TensorStorage): Float32Array {
    const { values, block } = this.#floats(packed.rows * packed.channels);
    if (block) owner.own(block);
    const { rows, channels, words } = packed;
    this.addon.unpackSigns({ rows, channels, sign: words, y: values });
    return values;
  }

  #store(storage: TensorStorage): object {
    const dataId = {};
    this.data.set(dataId, storage);
    return dataId;
  }
}

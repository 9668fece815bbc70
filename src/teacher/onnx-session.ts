import { InferenceSession, Tensor } from 'onnxruntime-node';
import { InputError } from '../errors.js';
import { fromFloat16, toFloat16 } from '../float16.js';
import type { ImageInput } from './image-input.js';
import type { ModelFile } from './model-file.js';
import { appendOutputs } from './onnx-wire.js';
import { type Provider, type ProviderName, withProvider } from './providers.js';

/** A tensor that a model computed. */
export interface FetchedTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A model that ONNX Runtime has loaded. */
export class OnnxSession {
  #halves = new Uint16Array(0);

  private constructor(
    private readonly session: InferenceSession,
    private readonly path: string,
    private readonly tensors: readonly string[],
    /** The provider that runs it. */
    readonly provider: Provider,
    /** Why the providers tried before cannot run it. */
    readonly misses: readonly string[],
  ) {}

  /**
   * Loads a model that gives `tensors`, which may be inner tensors of its graph.
   *
   * @param threads threads of one operation
   * @param optimise fuse operations: slower to load, faster to run
   * @param provider what runs it; by default the CPU
   * @throws InputError if ONNX Runtime cannot load the model, or the provider does not work
   */
  static async create(
    file: ModelFile,
    tensors: readonly string[],
    {
      threads,
      optimise,
      provider = 'cpu',
    }: { threads: number; optimise: boolean; provider?: ProviderName | undefined },
  ): Promise<OnnxSession> {
    const present = new Set(file.model.outputs.map(({ name }) => name));
    const bytes = appendOutputs(
      file.bytes,
      tensors.filter((name) => !present.has(name)),
    );
    const create = (name: Provider): Promise<InferenceSession> =>
      InferenceSession.create(bytes, {
        executionProviders: [name],
        intraOpNumThreads: threads,
        graphOptimizationLevel: optimise ? 'all' : 'disabled',
        externalData: file.external.map(({ path, data }) => ({ path, data })),
        // Spinning threads would take the processors from the student for 75 ms after each batch.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
        // Errors come as exceptions; only the command line prints.
        logSeverityLevel: 4,
      });
    try {
      const made = await withProvider(provider, create);
      return new OnnxSession(made.session, file.path, tensors, made.provider, made.misses);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(`ONNX Runtime cannot load ${file.path}: ${reason(error)}`, { cause: error });
    }
  }

  /**
   * Computes the tensors for one batch. Float16 inputs and outputs are converted here.
   *
   * @param images `batch` images in the model's layout
   * @throws InputError if ONNX Runtime cannot run the model on them, or a tensor is neither float32 nor
   *   float16
   */
  async run(
    { name, layout, size: [height, width], dtype }: ImageInput,
    batch: number,
    images: Float32Array,
  ): Promise<Map<string, FetchedTensor>> {
    const dims = layout === 'nchw' ? [batch, 3, height, width] : [batch, height, width, 3];
    const data = dtype === 'float16' ? this.#asHalves(images) : images;
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await this.session.run({ [name]: new Tensor(dtype, data, dims) }, this.tensors);
    } catch (error) {
      throw new InputError(`ONNX Runtime cannot run ${this.path}: ${reason(error)}`, { cause: error });
    }
    return new Map(
      this.tensors.map((tensor) => {
        const { type, dims, data } = results[tensor];
        if (data instanceof Float32Array) return [tensor, { dims, data }];
        if (type === 'float16' && ArrayBuffer.isView(data)) {
          // Bits, or a Float16Array if Node.js has it.
          const { buffer, byteOffset, length } = data as Uint16Array;
          return [tensor, { dims, data: fromFloat16(new Uint16Array(buffer, byteOffset, length)) }];
        }
        throw new InputError(`tensor "${tensor}" of ${this.path} is ${type}, expected float32 or float16`);
      }),
    );
  }

  /** The images as float16, in memory kept between batches. */
  #asHalves(images: Float32Array): Uint16Array {
    if (this.#halves.length < images.length) this.#halves = new Uint16Array(images.length);
    return toFloat16(images, this.#halves);
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** ONNX Runtime's message as part of one sentence. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

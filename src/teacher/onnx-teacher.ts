import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { ArrayPool } from './array-pool.js';
import type { Batch } from '../data/batch.js';
import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { normaliseFeatures } from './feature-map.js';
import type { CardInput } from './card.js';
import { findTeacher } from './find-teacher.js';
import type { ImageInput, Normalisation } from './image-input.js';
import { imageInput, normaliseImages } from './image-input.js';
import type { LogitsOutput } from './logits-output.js';
import { logitsOutput } from './logits-output.js';
import { teacherNormalisation } from './normalisation.js';
import type { FetchedTensor } from './onnx-session.js';
import { OnnxSession } from './onnx-session.js';
import type { ModelTap } from './taps.js';
import { findTaps } from './taps.js';
import type { ProviderName } from './providers.js';
import type { TargetSource, TeacherTargets } from './targets.js';
import type { ModelFacts, TeacherFacts } from './teacher-facts.js';

/** Options of opening a teacher. */
export interface OnnxTeacherOptions {
  /**
   * The feature maps to give: all (those of the card, or those that are found), none, or some by name.
   * Default all.
   */
  taps?: 'all' | 'none' | readonly string[];
  /** Threads of one operation; the processors of the machine by default. */
  threads?: number;
  /** Where ONNX Runtime runs it. Default `cpu`. */
  provider?: ProviderName;
  /** Mean of each channel, instead of the card's. Mean and std together replace a missing card. */
  mean?: readonly number[];
  /** Standard deviation of each channel, instead of the card's. */
  std?: readonly number[];
  /**
   * Class names of a teacher without a card, usually those of the data. By default the numbers of the logits.
   */
  classes?: readonly string[];
}

// Smaller probabilities are raised to this, so that their logarithms stay finite.
const leastProbability = 1e-30;

/** A teacher that runs an ONNX model for every batch. */
export class OnnxTeacher implements TargetSource {
  #images = new Float32Array(0);
  #last: Promise<unknown> = Promise.resolve();
  readonly #arrays = new ArrayPool(16);

  private constructor(
    /** The model's file. */
    readonly path: string,
    /** The card's file, if there is one. */
    readonly cardPath: string | undefined,
    readonly classes: readonly string[],
    readonly taps: readonly ModelTap[],
    /** Kind of the data set that the card names. */
    readonly dataset: string | undefined,
    /** Top-1 accuracy on that data set in percent, by the card. */
    readonly expectedTop1: number | undefined,
    /** How larger images are resized to `size`, by the card. */
    readonly resize: CardInput['resize'],
    private readonly input: ImageInput,
    private readonly normalisation: Normalisation,
    private readonly output: LogitsOutput,
    private readonly session: OnnxSession,
    private readonly model: ModelFacts,
  ) {}

  /** The facts that are known without running the teacher. */
  get facts(): TeacherFacts {
    const { classes, taps, size, resize, dataset, expectedTop1, cardPath } = this;
    return {
      classes,
      taps: taps.map(({ name, tensor, level, shape }) => ({ name, tensor, level, shape })),
      size,
      resize,
      dataset,
      expectedTop1,
      cardPath,
      provider: this.session.provider,
      providerMisses: this.session.misses,
      models: [this.model],
    };
  }

  /** The teachers of an ensemble: here the teacher itself. */
  get members(): readonly OnnxTeacher[] {
    return [this];
  }

  /** Height and width of the input images. */
  get size(): readonly [height: number, width: number] {
    return this.input.size;
  }

  /**
   * Opens a teacher and runs it once.
   *
   * @param path a model or a teacher card; `findTeacher` says where the card of a model is found
   * @throws InputError for a model that cannot be read or run, an input that is not an image, a wrong or
   *   missing card, an unknown tap, or a number of logits other than that of the class names.
   */
  static async open(path: string, options: OnnxTeacherOptions = {}): Promise<OnnxTeacher> {
    const { file, card, cardPath } = await findTeacher(path);
    const input = imageInput(file, card?.input);
    checkCut(input, card?.input.resize, cardPath);
    const normalisation = teacherNormalisation(file.path, card?.input, options);
    const output = logitsOutput(file, card?.outputs);
    const taps =
      options.taps === 'none' ? [] : chosen(await findTaps(file, input, card?.taps), options.taps ?? 'all');
    const session = await OnnxSession.create(
      file,
      [...new Set([output.tensor, ...taps.map(({ tensor }) => tensor)])],
      {
        threads: options.threads ?? availableParallelism(),
        optimise: true,
        provider: options.provider,
      },
    );
    try {
      const batch = input.batch ?? 1;
      const results = await session.run(
        input,
        batch,
        new Float32Array(batch * 3 * input.size[0] * input.size[1]),
      );
      const count = fetched(results, output.tensor).data.length / batch;
      const classes =
        card?.classes ?? options.classes ?? Array.from({ length: count }, (_, index) => String(index));
      if (classes.length !== count)
        throw new InputError(
          `${file.path} gives ${count} logits, but ${cardPath ?? 'the data set'} names ${classes.length} classes`,
        );
      return new OnnxTeacher(
        file.path,
        cardPath,
        classes,
        taps,
        card?.dataset,
        card?.expectedTop1,
        card?.input.resize,
        input,
        normalisation,
        output,
        session,
        {
          file: basename(file.path),
          sha256: file.sha256,
          cardSha256: cardPath === undefined ? null : await sha256OfText(cardPath),
          expectedTop1: card?.expectedTop1 ?? null,
          preprocessing: { layout: input.layout, size: input.size, ...normalisation },
          logits: output,
        },
      );
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * Logits and feature maps of a batch of views. Calls at the same time are answered in turn.
   *
   * @throws InputError if the images do not have the teacher's size
   */
  async targets(batch: Batch): Promise<TeacherTargets> {
    const answer = this.#last.then(() => this.#run(batch));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  recycle({ logits, features }: TeacherTargets): void {
    for (const array of [logits, ...features.values()]) this.#arrays.give(array);
  }

  /** Frees the model after the targets that were requested. */
  async dispose(): Promise<void> {
    await this.#last;
    await this.session.release();
  }

  async #run({ images, size }: Batch): Promise<TeacherTargets> {
    const [height, width] = this.input.size;
    const plane = height * width;
    const image = 3 * plane;
    if (images.length !== size * image)
      throw new InputError(
        `the teacher ${this.path} takes ${height}×${width} images, but a batch of ${size} holds ${images.length} values`,
        { fix: 'choose data of that size' },
      );
    const step = this.input.batch ?? size;
    const logits = this.#arrays.take(size * this.classes.length);
    const features = new Map(
      this.taps.map(({ name, shape }) => [name, this.#arrays.take(size * shape[0] * shape[1] * shape[2])]),
    );
    // A model with a fixed batch size runs several times; the last batch is filled up with old images of the
    // buffer.
    for (let first = 0; first < size; first += step) {
      const count = Math.min(step, size - first);
      const buffer = this.#buffer(step * image);
      const part = images.subarray(first * image, (first + count) * image);
      normaliseImages(part, buffer, plane, this.input.layout, this.normalisation);
      const results = await this.session.run(this.input, step, buffer);
      this.#writeLogits(fetched(results, this.output.tensor).data, count, logits, first);
      for (const tap of this.taps)
        normaliseFeatures(fetched(results, tap.tensor).data, count, tap, features.get(tap.name)!, first);
    }
    return { logits, features };
  }

  /** Memory for the input of one run, kept between batches. */
  #buffer(length: number): Float32Array {
    if (this.#images.length < length) this.#images = new Float32Array(length);
    return this.#images.subarray(0, length);
  }

  #writeLogits(data: Float32Array, count: number, logits: Float32Array, first: number): void {
    const classes = this.classes.length;
    const start = first * classes;
    logits.set(data.subarray(0, count * classes), start);
    if (!this.output.probabilities) return;
    for (let i = start; i < start + count * classes; i++)
      logits[i] = Math.log(Math.max(logits[i], leastProbability));
  }
}

async function sha256OfText(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

function checkCut({ size }: ImageInput, resize: CardInput['resize'], cardPath: string | undefined): void {
  if (resize === undefined || size.every((side) => side === resize.crop)) return;
  throw new InputError(
    `the teacher card ${cardPath} cuts ${resize.crop}×${resize.crop} from resized images, but the model takes ${size.join('×')}`,
    { fix: 'correct input.resize.crop' },
  );
}

function fetched(results: ReadonlyMap<string, FetchedTensor>, tensor: string): FetchedTensor {
  return results.get(tensor)!;
}

function chosen(taps: readonly ModelTap[], names: 'all' | readonly string[]): readonly ModelTap[] {
  if (names === 'all') return taps;
  return names.map((name) => {
    const tap = taps.find((candidate) => candidate.name === name);
    if (tap !== undefined) return tap;
    const known = taps.map((candidate) => candidate.name);
    throw new InputError(`the teacher has no tap "${name}"`, {
      nearest: nearestNames(name, known),
      fix: known.length > 0 ? `its taps are ${known.join(', ')}` : 'name its taps in the teacher card',
    });
  });
}

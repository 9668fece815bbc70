import { CacheWriter, type PartOrigin } from '../../src/cache/cache-writer.js';
import type { PartPlan } from '../../src/cache/cache-format.js';
import { newIdentity, type CacheChoices } from '../../src/cache/new-identity.js';
import { orderedByIndex } from '../../src/cache/ordered-rows.js';
import { writeCache } from '../../src/cache/write-cache.js';
import { trainingAugmentation } from '../../src/data/augmentation.js';
import type { Batch } from '../../src/data/batch.js';
import { loadDataset } from '../../src/data/data-spec.js';
import { firstRows, type PixelDataset } from '../../src/data/dataset.js';
import type { TargetSource, TeacherTargets } from '../../src/teacher/targets.js';
import type { TeacherFacts } from '../../src/teacher/teacher-facts.js';

const origin: PartOrigin = { provider: 'cpu', versions: {} };

/** All training images of a data set, those held out for validation among them, or the first of them. */
export async function allImages(spec: string, most = Infinity): Promise<PixelDataset> {
  const [training, validation] = (await Promise.all([
    loadDataset(spec, 'train'),
    loadDataset(spec, 'validation'),
  ])) as [PixelDataset, PixelDataset];
  const length = training.length + validation.length;
  const both = orderedByIndex<PixelDataset>({
    ...training,
    length,
    indices: Uint32Array.from([...training.indices, ...validation.indices]),
    labels: Int32Array.from([...training.labels, ...validation.labels]),
    pixels: joined(training.pixels, validation.pixels),
  });
  return firstRows(both, Math.min(most, length));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(new SharedArrayBuffer(a.length + b.length));
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** What a cache of a bench is made with. */
export type BenchChoices = Pick<CacheChoices, 'views' | 'batchSize'> & Partial<CacheChoices>;

/** Opens a directory for a cache of a teacher on images in order of their indices. */
export async function openWriter(
  directory: string,
  facts: TeacherFacts,
  dataset: PixelDataset,
  choices: BenchChoices,
): Promise<CacheWriter> {
  const identity = await newIdentity(facts, dataset, {
    dtype: 'float16',
    topK: undefined,
    maps: 'features',
    augmentation: trainingAugmentation(dataset),
    viewSeed: 0,
    ...choices,
  });
  return CacheWriter.open(directory, identity, dataset, origin);
}

/** Writes parts of a cache to their end. */
export async function writeParts(
  writer: CacheWriter,
  dataset: PixelDataset,
  teacher: TargetSource,
  parts: readonly PartPlan[] = writer.format.parts,
): Promise<void> {
  const run = writeCache({ writer, dataset, teacher, parts });
  while (!(await run.next()).done);
}

/** A teacher that answers at once with numbers of no meaning, for caches whose size alone matters. */
export class InstantTeacher implements TargetSource {
  readonly #answers = new Map<number, TeacherTargets>();

  constructor(private readonly facts: TeacherFacts) {}

  get classes(): readonly string[] {
    return this.facts.classes;
  }

  get taps(): TeacherFacts['taps'] {
    return this.facts.taps;
  }

  targets({ size }: Batch): Promise<TeacherTargets> {
    let answer = this.#answers.get(size);
    if (!answer) {
      const values = (count: number): Float32Array =>
        Float32Array.from({ length: count }, (_, n) => Math.sin(n));
      answer = {
        logits: values(size * this.classes.length),
        features: new Map(
          this.taps.map(({ name, shape }) => [name, values(size * shape[0] * shape[1] * shape[2])] as const),
        ),
      };
      this.#answers.set(size, answer);
    }
    return Promise.resolve(answer);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

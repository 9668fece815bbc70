import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { cifar10, datasetFromRecords, IMAGE_LENGTH, recordLength } from './cifar.js';
import type { PixelDataset, Split } from './dataset.js';
import { unpackImages } from './image-codec.js';

/** The folder of the sample in the package. The path is right from src/data and from dist/data. */
export const SAMPLE_FOLDER = fileURLToPath(new URL('../../data/cifar10-sample/', import.meta.url));

const partSchema = z.strictObject({
  /** The file of packed images. */
  file: z.string(),
  /** SHA-256 of the unpacked CIFAR records. */
  sha256: z.string(),
  /** One digit for each image. */
  labels: z.string().regex(/^[0-9]+$/),
  /** The index of each image among those of all training files in order, or of the test file. */
  indices: z.array(z.int().nonnegative()),
});

const manifestSchema = z.strictObject({ classes: z.array(z.string()), train: partSchema, test: partSchema });

/** The contents of the sample's manifest.json. */
export type SampleManifest = z.infer<typeof manifestSchema>;

/**
 * Loads a split of the small sample of CIFAR-10 that is part of this package: 4,000 training images (of which
 * 200 are held out for validation) and 1,000 test images, with as many of each class. The data set is of kind
 * `cifar10`, and its indices are those of the full data.
 *
 * @param folder the folder of the sample; by default that of this package
 * @throws InputError if a file is missing or damaged
 */
export async function loadCifar10Sample(split: Split, folder = SAMPLE_FOLDER): Promise<PixelDataset> {
  const part = split === 'test' ? 'test' : 'train';
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(`${folder}/manifest.json`, 'utf8')));
    const { file, sha256, labels, indices } = manifest[part];
    const records = toRecords(labels, await unpackImages(await readFile(`${folder}/${file}`)));
    if (sha256Of(records) !== sha256) throw new Error(`${file} does not have the SHA-256 of the manifest`);
    return datasetFromRecords(
      cifar10,
      split,
      manifest.classes,
      [{ name: file, bytes: records }],
      Uint32Array.from(indices),
    );
  } catch (cause) {
    throw new InputError(
      `the CIFAR-10 sample in ${folder} is missing or damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
      { fix: 'install the package again, or make the sample again with scripts/make-cifar-sample.ts', cause },
    );
  }
}

/** Makes CIFAR-10 records from labels, one digit each, and images of three colour planes. */
export function toRecords(labels: string, images: Uint8Array): Uint8Array {
  const length = recordLength(cifar10);
  const records = new Uint8Array(labels.length * length);
  for (let n = 0; n < labels.length; n++) {
    records[n * length] = Number(labels[n]);
    records.set(images.subarray(n * IMAGE_LENGTH, (n + 1) * IMAGE_LENGTH), n * length + 1);
  }
  return records;
}

/** SHA-256 in hexadecimal digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

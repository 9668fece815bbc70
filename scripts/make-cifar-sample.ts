/**
 * Makes data/cifar10-sample from the official binary files of CIFAR-10; data/cifar10-sample/README.md says how.
 *
 *     npx tsx scripts/make-cifar-sample.ts <folder of cifar-10-batches-bin> [<folder to write>]
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_LENGTH, cifar10, countRecords, recordLength } from '../src/data/cifar.js';
import { SAMPLE_FOLDER, type SampleManifest, sha256Of, toRecords } from '../src/data/cifar10-sample.js';
import { packImages } from '../src/data/image-codec.js';

const TRAIN_PER_CLASS = 400;
const TEST_PER_CLASS = 100;

interface Candidate {
  index: number;
  label: number;
  planes: Uint8Array;
  hash: string;
}

async function main(source: string | undefined, target = SAMPLE_FOLDER): Promise<void> {
  if (source === undefined) {
    throw new Error('give the folder of the binary files: npx tsx scripts/make-cifar-sample.ts <folder>');
  }
  const names = await readFile(join(source, cifar10.namesFile), 'utf8');
  const train = choose(await readCandidates(source, cifar10.trainFiles), TRAIN_PER_CLASS);
  const test = choose(await readCandidates(source, [cifar10.testFile]), TEST_PER_CLASS);
  await mkdir(target, { recursive: true });
  const manifest: SampleManifest = {
    classes: names.split('\n').filter((name) => name !== ''),
    train: await writePart(target, 'train.bin.br', train),
    test: await writePart(target, 'test.bin.br', test),
  };
  await writeSafely(join(target, 'manifest.json'), Buffer.from(`${JSON.stringify(manifest)}\n`));
}

async function readCandidates(folder: string, names: readonly string[]): Promise<Candidate[]> {
  const length = recordLength(cifar10);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  files.forEach((bytes, n) => countRecords(cifar10, { name: names[n], bytes }));
  const bytes = Buffer.concat(files);
  return Array.from({ length: bytes.length / length }, (_, index) => {
    const record = bytes.subarray(index * length, (index + 1) * length);
    return { index, label: record[0], planes: record.subarray(1), hash: sha256Of(record) };
  });
}

/** The images with the lowest hashes of each class, in the order of their hashes. */
function choose(candidates: Candidate[], perClass: number): Candidate[] {
  const taken = new Map<number, number>();
  return candidates
    .sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.index - b.index))
    .filter(({ label }) => {
      const before = taken.get(label) ?? 0;
      taken.set(label, before + 1);
      return before < perClass;
    });
}

async function writePart(
  target: string,
  file: string,
  images: readonly Candidate[],
): Promise<SampleManifest['train']> {
  const planes = new Uint8Array(images.length * IMAGE_LENGTH);
  images.forEach((image, n) => planes.set(image.planes, n * IMAGE_LENGTH));
  const packed = await packImages(planes);
  await writeSafely(join(target, file), packed);
  console.log(`${file}: ${images.length} images, ${packed.length} bytes`);
  const labels = images.map(({ label }) => label).join('');
  const indices = images.map(({ index }) => index);
  return { file, sha256: sha256Of(toRecords(labels, planes)), labels, indices };
}

async function writeSafely(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

await main(...(process.argv.slice(2) as [string?, string?]));

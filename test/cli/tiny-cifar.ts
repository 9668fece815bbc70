import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cifar10, IMAGE_LENGTH, PLANE_LENGTH, recordLength } from '../../src/data/cifar.js';
import { loadCifar10Sample } from '../../src/data/cifar10-sample.js';
import type { PixelDataset } from '../../src/data/dataset.js';

/** Images of {@link writeTinyCifar} in each of the five training files and in the test file. */
export const tinyCifar = { perTrainingFile: 20, test: 100, validation: 5, training: 95 } as const;

/** Writes a few images of the embedded sample as a folder in the binary format of CIFAR-10. */
export async function writeTinyCifar(folder: string): Promise<void> {
  const [training, test] = await Promise.all([loadCifar10Sample('train'), loadCifar10Sample('test')]);
  mkdirSync(folder, { recursive: true });
  cifar10.trainFiles.forEach((file, n) => {
    const first = n * tinyCifar.perTrainingFile;
    writeFileSync(join(folder, file), records(training, first, tinyCifar.perTrainingFile));
  });
  writeFileSync(join(folder, cifar10.testFile), records(test, 0, tinyCifar.test));
  writeFileSync(join(folder, cifar10.namesFile), `${training.classes.join('\n')}\n`);
}

/** Rows of a data set as records: the label, then the three colour planes. */
function records({ labels, pixels }: PixelDataset, first: number, count: number): Uint8Array {
  const length = recordLength(cifar10);
  const bytes = new Uint8Array(count * length);
  for (let n = 0; n < count; n++) {
    bytes[n * length] = labels[first + n]!;
    for (let i = 0; i < IMAGE_LENGTH; i++) {
      const [pixel, colour] = [Math.floor(i / 3), i % 3];
      bytes[n * length + 1 + colour * PLANE_LENGTH + pixel] = pixels[(first + n) * IMAGE_LENGTH + i]!;
    }
  }
  return bytes;
}

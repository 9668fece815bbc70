/**
 * Writes a ResNet-34 for 224×224 images with random weights and its teacher card: a stand-in, to try a run on a folder of
 * images without fetching a model. It knows nothing.
 *
 *     npx tsx scripts/make-resnet34.ts <model.onnx> --data <folder of images> [--seed <n>]
 */
import { parseArgs } from 'node:util';
import { program } from '../bench/support/program.js';
import { loadImageFolder } from '../src/data/image-folder.js';
import { InputError } from '../src/errors.js';
import { writeResnet34 } from './support/resnet34.js';

await program('make-resnet34', async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string' }, seed: { type: 'string', default: '0' } },
  });
  if (positionals.length !== 1 || values.data === undefined)
    throw new InputError(
      'give the model to write, and with --data the folder of images whose classes it is to have',
    );
  const { classes } = await loadImageFolder(values.data, 'train');
  await writeResnet34(positionals[0], classes, Number(values.seed));
});

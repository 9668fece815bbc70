/**
 * How fast batches of training views are prepared in the background: batch 128, crop with padding 4 and flip.
 *
 *     npx tsx bench/data.ts [--data <spec>] [--json]
 */
import { parseArgs } from 'node:util';
import { cropAndFlip } from '../src/data/augmentation.js';
import { batchesOf } from '../src/data/batches.js';
import { loadDataset } from '../src/data/data-spec.js';

const BATCH_SIZE = 128;
const WARM_UP_BATCHES = 20;
const SECONDS = 3;

const { values } = parseArgs({
  options: { data: { type: 'string', default: 'cifar10-sample' }, json: { type: 'boolean', default: false } },
});

const dataset = await loadDataset(values.data, 'train');
const batches = batchesOf(dataset, {
  batchSize: BATCH_SIZE,
  seed: 1,
  viewSeed: 1,
  views: 1000,
  augmentation: cropAndFlip,
});

let images = 0;
let seen = 0;
let start = performance.now();
for (let epoch = 0; performance.now() - start < 1000 * SECONDS; epoch++) {
  for await (const batch of batches.epoch(epoch)) {
    batches.recycle(batch);
    seen++;
    images += batch.size;
    if (seen === WARM_UP_BATCHES) {
      start = performance.now();
      images = 0;
    }
  }
}
const imagesPerSecond = Math.round((images / (performance.now() - start)) * 1000);

if (values.json) {
  console.log(JSON.stringify({ imagesPerSecond }));
} else {
  const rows = [
    ['data', values.data],
    ['images', dataset.length.toLocaleString('en-US')],
    ['batch size', String(BATCH_SIZE)],
    ['augmentation', 'crop 32 of 40, flip'],
    ['prepared images/s', imagesPerSecond.toLocaleString('en-US')],
  ];
  for (const [name, value] of rows) console.log(`${name.padEnd(20)} ${value}`);
}

// Whether training with bits equals training by the definitions in floats. Both start from the same weights and see the same
// batches of the CIFAR-10 sample; their losses are compared. Rounding sometimes flips a sign, so the curves part after some
// steps, but their means must not: the bench fails if the means over all seeds are more than 2 % apart.
//
// The definitions on TensorFlow.js's cpu backend take seconds for a step, so they run a small network on a small batch. The full
// network is compared with the definitions on the float convolutions of the native backend. Both take about 15 minutes.
// usage: npm run bench:equivalence -- [--net resnet20] [--batch 32] [--steps 50] [--seeds 3] [--against composed,cpu] [--json]
import { useBackend } from '../src/backends/use-backend.js';
import { cropAndFlip } from '../src/data/augmentation.js';
import { loadCifar10Sample } from '../src/data/cifar10-sample.js';
import type { PixelDataset } from '../src/data/dataset.js';
import { makeBatch } from '../src/data/make-batch.js';
import { permutation } from '../src/data/random.js';
import { InputError, RunError } from '../src/errors.js';
import { BinaryResNet } from '../src/models/bnn-resnet.js';
import type { ResNetDepth } from '../src/models/depths.js';
import { Adam } from '../src/optim/optimizers/adam.js';
import { useComposedBackend } from './support/composed-backend.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { describeMachine, thisMachine } from './support/machine.js';
import { benchNetworks, depthOf } from './support/networks.js';
import { benchLr, ownTrainer } from './support/own-trainer.js';
import { program } from './support/program.js';
import { formatTable } from './support/table.js';

/** How far apart the means may be, in percent. */
const allowedPercent = 2;

/** What the native backend is compared with. */
const references = ['composed', 'cpu'] as const;
type Reference = (typeof references)[number];

const descriptions: Readonly<Record<Reference, string>> = {
  composed: 'the definitions on native float convolutions',
  cpu: 'the definitions on the cpu backend (small, because that is slow)',
};

interface Configuration {
  readonly title: string;
  readonly depth: ResNetDepth;
  readonly batch: number;
}

/** A network and batch small enough for the cpu backend to do a step in seconds. */
const small: Configuration = {
  title: 'widths 8,16 and blocks 2,2',
  depth: { widths: [8, 16], blocks: [2, 2] },
  batch: 2,
};

interface SeedFigures {
  readonly seed: number;
  /** Mean loss over the steps. */
  readonly native: number;
  readonly reference: number;
  readonly differencePercent: number;
  /** How far the losses of the first step are apart. */
  readonly firstDifferencePercent: number;
}

interface Comparison {
  readonly network: string;
  readonly batch: number;
  readonly seeds: readonly SeedFigures[];
  /** Of the seeds' means. */
  readonly native: number;
  readonly reference: number;
  readonly differencePercent: number;
}

await program('bench:equivalence', async () => {
  const flags = readFlags({
    net: { type: 'string', default: 'resnet20' },
    batch: { type: 'string', default: '32' },
    steps: { type: 'string', default: '50' },
    seeds: { type: 'string', default: '3' },
    against: { type: 'string', default: references.join(',') },
    json: { type: 'boolean', default: false },
  });
  const net = oneOf('--net', flags.net, benchNetworks);
  const batch = wholeNumber('--batch', flags.batch);
  const steps = wholeNumber('--steps', flags.steps);
  const seeds = wholeNumber('--seeds', flags.seeds);
  const against = flags.against.split(',').map((name) => oneOf('--against', name, references));
  const dataset = await loadCifar10Sample('train');
  if (batch > dataset.length) {
    throw new InputError(
      `--batch must be at most ${dataset.length}, the images of the sample, got ${batch}.`,
    );
  }
  const report = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  const machine = thisMachine();
  report(describeMachine(machine));
  report(`mean loss of ${steps} steps: cross-entropy, Adam at ${benchLr}, CIFAR-10 sample`);

  const result: Partial<Record<Reference, Comparison>> = {};
  for (const reference of against) {
    const configuration = reference === 'cpu' ? small : { title: `bnn-${net}`, depth: depthOf(net), batch };
    report(`\n${configuration.title}, N=${configuration.batch}, against ${descriptions[reference]}`);
    const comparison = await compare(reference, dataset, configuration, { steps, seeds });
    result[reference] = comparison;
    report(tableOf(comparison));
  }
  if (flags.json) console.log(JSON.stringify({ machine, steps, ...result }));
  for (const { network, differencePercent } of Object.values(result)) {
    if (differencePercent <= allowedPercent) continue;
    throw new RunError(
      `the mean losses of ${network} are ${differencePercent.toFixed(2)} % apart, more than ${allowedPercent} %.`,
    );
  }
});

async function compare(
  reference: Reference,
  dataset: PixelDataset,
  configuration: Configuration,
  { steps, seeds }: { steps: number; seeds: number },
): Promise<Comparison> {
  const figures: SeedFigures[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    await useBackend('native');
    const own = lossesOf(dataset, configuration, steps, seed);
    await (reference === 'cpu' ? useBackend('cpu') : useComposedBackend());
    const others = lossesOf(dataset, configuration, steps, seed);
    figures.push({
      seed,
      ...means(own, others),
      firstDifferencePercent: percentApart(own[0], others[0]),
    });
  }
  return {
    network: configuration.title,
    batch: configuration.batch,
    seeds: figures,
    ...means(
      figures.map(({ native }) => native),
      figures.map((seed) => seed.reference),
    ),
  };
}

/** The loss of each of the first steps of a student of this seed, which also keys the order and the views of the images. */
function lossesOf(
  dataset: PixelDataset,
  { title, depth, batch }: Configuration,
  steps: number,
  seed: number,
): number[] {
  const student = new BinaryResNet(title, depth, { classes: dataset.classes.length, seed });
  const optimizer = new Adam();
  const trainer = ownTrainer(student, dataset, ['kl=0', 'features=0'], optimizer);
  const stepsPerEpoch = Math.floor(dataset.length / batch);
  const losses = Array.from({ length: steps }, (_, step) => {
    const epoch = Math.floor(step / stepsPerEpoch);
    const first = (step % stepsPerEpoch) * batch;
    const rows = permutation(seed, epoch, dataset.length).subarray(first, first + batch);
    return trainer.step(makeBatch(dataset, rows, epoch, seed, cropAndFlip), undefined, benchLr).loss;
  });
  student.dispose();
  optimizer.dispose();
  return losses;
}

function means(
  own: readonly number[],
  others: readonly number[],
): Pick<Comparison, 'native' | 'reference' | 'differencePercent'> {
  const [native, reference] = [own, others].map(
    (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  );
  return { native, reference, differencePercent: percentApart(native, reference) };
}

function percentApart(value: number, reference: number): number {
  return (100 * Math.abs(value - reference)) / Math.abs(reference);
}

function tableOf({ seeds, native, reference, differencePercent }: Comparison): string {
  const percent = (value: number): string => `${value.toPrecision(2)} %`;
  return formatTable(
    ['seed', 'native', 'definitions', 'apart', 'at the first step'],
    [
      ...seeds.map((figures) => [
        String(figures.seed),
        figures.native.toFixed(5),
        figures.reference.toFixed(5),
        percent(figures.differencePercent),
        percent(figures.firstDifferencePercent),
      ]),
      ['mean', native.toFixed(5), reference.toFixed(5), percent(differencePercent)],
    ],
  );
}

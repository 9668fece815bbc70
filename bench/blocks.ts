// What each block, downsampling, attention, number of groups and width costs and brings: the speed of a training step of
// bnn-resnet20, and its accuracy after two epochs of CIFAR-10 with the logits of a ResNet-20 from a cache.
// usage: npm run bench:blocks -- [--only <option,…>] [--steps 21] [--threads 2] [--no-accuracy | --no-speed] [--epochs 2]
//        [--data cifar10:<folder>] [--cache <directory>] [--json]
// The default data is in ../shared/data. The cache (100 MB) is made first if it is not complete. Training takes about two
// minutes for each option and epoch on 2 cores; --no-accuracy leaves it out, --no-speed the measurement of steps. The speed of
// an option is the median of its steps, which take turns with those of the default.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryResNetDepths } from '../src/models/depths.js';
import type { Structure } from '../src/models/structure.js';
import { resolveRecipe } from '../src/recipe/resolve-recipe.js';
import { top1Percent } from '../src/evaluation/accuracy.js';
import { distill } from '../src/run/run.js';
import { fillCache } from './support/fill-cache.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { describeMachine, thisMachine } from './support/machine.js';
import { program } from './support/program.js';
import { median } from './support/statistics.js';
import { formatTable } from './support/table.js';
import { structureStep, stepTimesInTurn } from './support/training-step.js';

const options = {
  default: {},
  biReal: { block: 'biReal' },
  reActNet: { block: 'reActNet' },
  realToBinary: { block: 'realToBinary', attention: 'gate' },
  single: { skip: 'single' },
  v2: { downsample: 'v2' },
  v3: { downsample: 'v3' },
  se: { attention: 'se' },
  gate: { attention: 'gate' },
  cgd: { attention: 'cgd' },
  cbam: { attention: 'cbam' },
  bam: { attention: 'bam' },
  groups2: { groups: 2 },
  groups4: { groups: 4 },
  width2: { width: 2 },
  width3: { width: 3 },
} as const satisfies Readonly<Record<string, Partial<Structure>>>;
type OptionName = keyof typeof options;
const names = Object.keys(options) as OptionName[];

const batch = 128;

interface Speed {
  readonly imagesPerSecond: number;
  /** Of the default's speed, whose steps take turns with the option's. */
  readonly ratio: number;
}

interface Figure {
  readonly option: OptionName;
  readonly speed: Speed | undefined;
  readonly testPercent: number | undefined;
}

await program('bench:blocks', async () => {
  const full = fileURLToPath(new URL('../../shared/data/cifar-10-batches-bin', import.meta.url));
  const flags = readFlags({
    only: { type: 'string', default: names.join(',') },
    steps: { type: 'string', default: '21' },
    threads: { type: 'string', default: String(availableParallelism()) },
    'no-accuracy': { type: 'boolean', default: false },
    'no-speed': { type: 'boolean', default: false },
    epochs: { type: 'string', default: '2' },
    data: { type: 'string', default: existsSync(full) ? `cifar10:${full}` : 'cifar10-sample' },
    cache: { type: 'string', default: join(tmpdir(), 'bench-blocks-cache') },
    json: { type: 'boolean', default: false },
  });
  const wanted = flags.only.split(',').map((name) => oneOf('--only', name, names));
  const steps = wholeNumber('--steps', flags.steps);
  const threads = wholeNumber('--threads', flags.threads);
  const epochs = wholeNumber('--epochs', flags.epochs);
  const report = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  const machine = thisMachine();
  report(describeMachine(machine));
  const speeds = flags['no-speed']
    ? new Map<OptionName, Speed>()
    : await measureSpeeds(wanted, { steps, threads });
  if (!flags['no-accuracy'])
    await fillCache({
      ...{ out: flags.cache, data: flags.data, threads },
      ...{ teacher: 'cifar10-resnet20', views: 2, features: 'none' },
    });
  const figures: Figure[] = [];
  for (const option of wanted) {
    const testPercent = flags['no-accuracy']
      ? undefined
      : await accuracyOf(option, { data: flags.data, cache: flags.cache, epochs, threads });
    const figure = { option, speed: speeds.get(option), testPercent };
    figures.push(figure);
    report(cellsOf(figure).join('  '));
  }
  report(
    formatTable(
      ['option', 'images/s', 'of the default', `test % after ${epochs} epochs`],
      figures.map(cellsOf),
    ),
  );
  if (flags.json) console.log(JSON.stringify({ machine, figures }));
});

function cellsOf({ option, speed, testPercent }: Figure): string[] {
  const notRun = 'not run';
  return [
    option,
    speed?.imagesPerSecond.toFixed(0) ?? notRun,
    speed?.ratio.toFixed(2) ?? notRun,
    testPercent?.toFixed(2) ?? notRun,
  ];
}

async function measureSpeeds(
  wanted: readonly OptionName[],
  { steps, threads }: { readonly steps: number; readonly threads: number },
): Promise<Map<OptionName, Speed>> {
  const depth = binaryResNetDepths['bnn-resnet20'];
  const found = new Map<OptionName, Speed>();
  for (const option of wanted) {
    const usual = await structureStep(depth, options.default, { batch, threads });
    const own = await structureStep(depth, options[option], { batch, threads });
    // In turn, so that a machine that is not steady meets both.
    const times = stepTimesInTurn([usual.step, own.step], steps);
    const [usualMs, ownMs] = times.map(median);
    usual.dispose();
    own.dispose();
    found.set(option, { imagesPerSecond: (1000 * batch) / ownMs, ratio: usualMs / ownMs });
  }
  return found;
}

async function accuracyOf(
  option: OptionName,
  { data, cache, epochs, threads }: { data: string; cache: string; epochs: number; threads: number },
): Promise<number> {
  const structure = Object.entries(options[option]).map(([key, value]) => `student.${key}=${value}`);
  const sets = [
    ...['student.name=bnn-resnet20', `data=${data}`, `threads=${threads}`, ...structure],
    ...[`stages[0].teacher=${JSON.stringify(cache)}`, `stages[0].epochs=${epochs}`],
    'stages[0].losses={kl: {weight: 1, T: 4}, crossEntropy: {weight: 1, epsilon: 0.1}}',
  ];
  const { recipe } = await resolveRecipe({ sets });
  const folder = await mkdtemp(join(tmpdir(), 'bench-blocks-'));
  try {
    const run = distill(recipe, { out: join(folder, 'run') });
    for (;;) {
      const next = await run.next();
      if (next.done) return top1Percent(next.value.test.student);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

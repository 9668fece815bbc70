// What each loss adds to the accuracy, and what two stages add: bnn-resnet20 with equal epochs and seeds, from one cache.
// usage: npm run bench:ablation -- [--data cifar10:<folder>] [--teacher <model.onnx>] [--cache <directory>] [--epochs 5]
//        [--seeds 0,1,2] [--only none,kl,features,refinery,twoStage] [--threads <n>] [--runs <directory>] [--quick] [--json]
// The defaults are the data and the ResNet-56 in ../shared/data. A cache of 8 views with feature maps (22 GB) is made first if
// it is not complete. The runs take about an hour for each seed on 2 cores. Interrupted runs go on; complete ones are read.
// --quick uses the embedded sample and two epochs, and leaves nothing.
// With --json it prints one JSON object; `npm run -s` leaves out npm's own lines.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from '../src/errors.js';
import type { Recipe } from '../src/recipe/recipe.js';
import { resolveRecipe } from '../src/recipe/resolve-recipe.js';
import { top1Percent } from '../src/evaluation/accuracy.js';
import { resume } from '../src/run/resume.js';
import { differingSettings, runFacts } from '../src/run/run-list.js';
import { distill } from '../src/run/run.js';
import { fillCache } from './support/fill-cache.js';
import { oneOf, readFlags, wholeNumber } from './support/flags.js';
import { describeMachine, thisMachine } from './support/machine.js';
import { program } from './support/program.js';
import { formatTable } from './support/table.js';

const shared = (path: string): string => fileURLToPath(new URL(`../../shared/data/${path}`, import.meta.url));

const taught = 'stages[0].losses={kl: {weight: 1, T: 4}, crossEntropy: {weight: 1, epsilon: 0.1}}';

/** What each variant sets beside the common settings. `twoStage` has the losses of `kl`; compare it with `kl`. */
const variants = {
  none: ['stages[0].losses={crossEntropy: {weight: 1, epsilon: 0.1}}'],
  kl: [taught],
  features: [
    'stages[0].losses={kl: {weight: 1, T: 4}, features: {weight: 1}, crossEntropy: {weight: 1, epsilon: 0.1}}',
  ],
  refinery: ['stages[0].losses={refinery: {weight: 1}}'],
  twoStage: [
    'stages=[{name: activations, binary: activations, optimizer: {weightDecay: 1e-5}}, {name: both, binary: both, optimizer: {weightDecay: 0}}]',
    taught,
  ],
} as const;
type Variant = keyof typeof variants;
const names = Object.keys(variants) as Variant[];

interface Figure {
  readonly variant: Variant;
  readonly seed: number;
  /** Over all stages. */
  readonly epochs: number;
  readonly validationPercent: number;
  readonly testPercent: number;
  readonly seconds: number;
}

await program('bench:ablation', async () => {
  const flags = readFlags({
    data: { type: 'string' },
    teacher: { type: 'string' },
    cache: { type: 'string', default: join(tmpdir(), 'bench-ablation-cache') },
    epochs: { type: 'string', default: '5' },
    seeds: { type: 'string', default: '0,1,2' },
    only: { type: 'string', default: names.join(',') },
    threads: { type: 'string', default: String(availableParallelism()) },
    runs: { type: 'string', default: join(tmpdir(), 'bench-ablation-runs') },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const { quick } = flags;
  const full = shared('cifar-10-batches-bin');
  const data = flags.data ?? (quick || !existsSync(full) ? 'cifar10-sample' : `cifar10:${full}`);
  const resnet56 = shared('teachers/cifar10-resnet56.onnx');
  const teacher = flags.teacher ?? (quick || !existsSync(resnet56) ? 'cifar10-resnet20' : resnet56);
  const epochs = quick ? 2 : wholeNumber('--epochs', flags.epochs);
  const threads = wholeNumber('--threads', flags.threads);
  const seeds = quick ? [0] : flags.seeds.split(',').map(Number);
  const wanted = flags.only.split(',').map((name) => oneOf('--only', name, names));
  const report = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  const machine = thisMachine();
  report(describeMachine(machine));
  const folder = await mkdtemp(join(tmpdir(), 'bench-ablation-'));
  const cache = quick ? join(folder, 'cache') : flags.cache;
  const runs = quick ? folder : flags.runs;
  try {
    if (wanted.some((variant) => variant !== 'none'))
      await fillCache({ out: cache, teacher, data, views: quick ? 1 : 8, threads });
    const figures: Figure[] = [];
    for (const seed of seeds)
      for (const variant of wanted) {
        const common = [`seed=${seed}`, `data=${data}`, 'student.name=bnn-resnet20', `threads=${threads}`];
        const teaching = variant === 'none' ? [] : [`stages[0].teacher=${JSON.stringify(cache)}`];
        const sets = [...common, ...variants[variant], ...teaching, ...epochsOf(variant, epochs)];
        const { recipe } = await resolveRecipe({ sets });
        figures.push(await figureOf(variant, recipe, join(runs, `${variant}-${seed}`)));
        report(figureLine(figures.at(-1)!));
      }
    report(formatTable(['bnn-resnet20', 'epochs', 'validation %', 'test %'], summary(figures)));
    if (flags.json) console.log(JSON.stringify({ machine, teacher, data, figures }));
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Two stages share the epochs. The figures are those of the second, which has one more if the number is odd. */
function epochsOf(variant: Variant, epochs: number): string[] {
  if (variant !== 'twoStage') return [`stages[0].epochs=${epochs}`];
  const first = Math.floor(epochs / 2);
  return [`stages[0].epochs=${first}`, `stages[1].epochs=${epochs - first}`];
}

/**
 * Trains a variant, goes on with it, or reads what it came to.
 *
 * @throws RunError for a run of other settings
 */
async function figureOf(variant: Variant, recipe: Recipe, out: string): Promise<Figure> {
  const before = existsSync(out) ? await runFacts(out) : undefined;
  const [other] = before
    ? differingSettings([recipe, before.recipe]).filter(({ path }) => path !== 'threads')
    : [];
  if (other)
    throw new RunError(
      `the run in ${out} has another ${other.path}: ${String(other.values[1])}, here ${String(other.values[0])}.`,
      {
        fix: 'remove it, or name another directory with --runs',
      },
    );
  if (!before?.isComplete) {
    const run = before ? (await resume(out)).train() : distill(recipe, { out });
    while (!(await run.next()).done);
  }
  const { validation, test, seconds, allEpochs } = await runFacts(out);
  return {
    variant,
    seed: recipe.seed,
    epochs: allEpochs,
    validationPercent: top1Percent(validation!),
    testPercent: top1Percent(test!),
    seconds: seconds!,
  };
}

function figureLine({ variant, seed, validationPercent, testPercent, seconds }: Figure): string {
  return `${variant}, seed ${seed}: validation ${validationPercent.toFixed(2)} %, test ${testPercent.toFixed(2)} %, ${seconds.toFixed(0)} s`;
}

/** Means over the seeds. */
function summary(figures: readonly Figure[]): string[][] {
  return names.flatMap((variant) => {
    const own = figures.filter((figure) => figure.variant === variant);
    if (own.length === 0) return [];
    const mean = (of: (figure: Figure) => number): string =>
      (own.reduce((sum, figure) => sum + of(figure), 0) / own.length).toFixed(2);
    return [
      [
        variant,
        String(own[0].epochs),
        mean((figure) => figure.validationPercent),
        mean((figure) => figure.testPercent),
      ],
    ];
  });
}

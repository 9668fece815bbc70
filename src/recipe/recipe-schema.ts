import { z } from 'zod';
import { backendNames } from '../backends/use-backend.js';
import { autoAugmentNames } from '../data/view-effects.js';
import { namedOptions, type NumberRange } from '../losses/loss-options.js';
import { allLosses } from '../losses/registry.js';
import { networkNames } from '../models/create-network.js';
import { binaryOperandNames } from '../nn/binary-operands.js';
import { skipNames } from '../nn/blocks/block.js';
import { downsampleNames } from '../nn/downsample.js';
import { endLayerNames } from '../nn/end-layers.js';
import { signGradientNames } from '../nn/sign-gradient.js';
import { activationNames } from '../ops/batch-norm-activation.js';
import { providerNames } from '../teacher/providers.js';
import { optimizerNames } from '../optim/optimizers/create-optimizer.js';
import { scheduleNames } from '../optim/schedules/create-schedule.js';

const text = (what: string) => z.string(`expected ${what}`);
const whole = (least: number, what = 'a whole number') =>
  z.int(`expected ${what} of at least ${least}`).min(least, `expected ${what} of at least ${least}`);
const number = (least: number) =>
  z
    .number(`expected a finite number of at least ${least}`)
    .min(least, `expected a finite number of at least ${least}`);
const above0 = z.number('expected a finite number above 0').positive('expected a finite number above 0');
const toggle = z.boolean('expected true or false');
const oneOf = (names: readonly string[]) => z.enum([...names], `expected one of ${names.join(', ')}`);
const list = <T extends z.ZodType>(of: T) => z.array(of, 'expected a list, such as [1, 2]');
const map = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, `expected a map of ${Object.keys(shape).join(', ')}`);
const triple = z
  .array(z.number('expected a number'), 'expected three numbers, for red, green and blue')
  .length(3, 'expected three numbers, for red, green and blue');

const weight = z.union(
  [
    number(0),
    z.strictObject({
      from: number(0),
      to: number(0),
      course: z.enum(['linear', 'cosine']),
    }),
  ],
  'expected a number of at least 0, or a map of from, to and course (linear or cosine)',
);

/** A range as JSON Schema has it. */
function jsonRange({ above, from, below, to }: NumberRange): object {
  return { exclusiveMinimum: above, minimum: from, exclusiveMaximum: below, maximum: to };
}

/** What the text of a recipe may say of the losses that are known: a weight, and the options that each has. */
function lossTerms(): z.ZodType {
  const terms = allLosses().map(({ name, description = '', options }) => [
    name,
    map({
      weight: weight
        .optional()
        .describe(
          'Multiplies the batch mean of the term; 0 leaves it out. A map: from the start of the stage to its end.',
        ),
      // The range is for editors: the check of the loss itself refuses a value, and says so in its words.
      ...Object.fromEntries(
        namedOptions(options).map(({ key, range, description: what = '', default: usual }) => [
          key,
          z
            .number('expected a number')
            .optional()
            .meta({ description: what, default: usual, ...jsonRange(range) }),
        ]),
      ),
    })
      .optional()
      .describe(description),
  ]);
  return map(Object.fromEntries(terms) as z.ZodRawShape);
}

const optimizer = map({
  name: oneOf(optimizerNames)
    .optional()
    .describe('adam, adamw, sgd or bop; another one starts from its own defaults'),
  lr: above0.optional().describe('The learning rate that the schedule starts from'),
  weightDecay: number(0).optional().describe('For tensors of rank 2 and more only'),
  clipLatent: toggle.optional().describe('Clip latent weights to [-1, 1] after each step'),
  beta1: number(0).optional(),
  beta2: number(0).optional(),
  epsilon: above0.optional(),
  momentum: number(0).optional().describe('Of sgd'),
  nesterov: toggle.optional().describe('Of sgd'),
  gamma: above0.optional().describe('Of bop: how fast the average of gradients forgets'),
  threshold: number(0).optional().describe('Of bop: how strong that average must be to flip a weight'),
});

const schedule = map({
  name: oneOf(scheduleNames).optional(),
  per: z.enum(['epoch', 'step'], 'expected epoch or step').optional(),
  milestones: list(whole(0, 'an epoch')).optional().describe('Of step: epochs of the stage, from 0'),
  gammas: list(above0).optional().describe('Of step: one factor for each milestone'),
  warmup: map({
    epochs: above0,
    start: number(0).optional().describe('The factor at epoch 0, default 0.1'),
  })
    .nullable()
    .optional(),
});

const range = z.tuple([above0, above0], 'expected the least and the greatest value');
const augmentation = map({
  crop: map({ padding: whole(0) })
    .nullable()
    .optional()
    .describe('Of images in memory: pad, and cut out the original size'),
  resizedCrop: map({ scale: range, ratio: range }).nullable().optional().describe('Of images in files'),
  flip: toggle.optional().describe('Mirror left to right with probability one half'),
  rotation: number(0).optional().describe('Degrees to either side'),
  autoAugment: oneOf(autoAugmentNames).optional(),
  colorJitter: map({
    brightness: number(0),
    contrast: number(0),
    saturation: number(0),
    hue: number(0),
  })
    .nullable()
    .optional(),
  lighting: number(0).optional().describe('Standard deviation of PCA lighting on floats in [0, 1]'),
});

const stageShape = {
  name: text('a name')
    .regex(/^[A-Za-z0-9-]+$/, 'expected letters, digits and -')
    .optional(),
  epochs: whole(1).optional(),
  batchSize: whole(2).optional(),
  binary: oneOf(binaryOperandNames).optional().describe('What the body makes binary'),
  activation: oneOf(activationNames).optional().describe('Of a full-precision network'),
  signGradient: oneOf(signGradientNames).optional(),
  initFrom: text('random, previous, or the path of a checkpoint or of a run').optional(),
  teacher: text('a model, a card, a cache, or previous')
    .nullable()
    .optional()
    .describe(
      'A model, a card, several with commas between them, a cache, or previous: the student of the stage before',
    ),
  cache: text('the directory of a cache')
    .nullable()
    .optional()
    .describe('A cache that the stage fills and reads'),
  views: whole(1).nullable().optional(),
  generations: whole(1).optional().describe('How often the stage is run, each time taught by the one before'),
  optimizer: optimizer.optional(),
  schedule: schedule.optional(),
  gradient: map({
    centralise: toggle.optional(),
    clipNorm: above0.nullable().optional(),
    accumulate: whole(1).optional(),
  }).optional(),
  average: map({ decay: above0 }).nullable().optional().describe('Exponential moving average of the weights'),
  reestimateBatchNorm: whole(0)
    .optional()
    .describe('Batches for the statistics of BatchNorm where a stage starts'),
  augmentation: augmentation.nullable().optional().describe('null for the usual one of the data'),
  statistics: map({
    every: whole(0)
      .optional()
      .describe('Steps from one record of flip ratios and gradients to the next; 0 for none'),
  }).optional(),
  mix: map({ mixup: number(0).optional(), cutmix: number(0).optional() }).optional(),
};

const top = {
  extends: text('the name or the file of a recipe').optional().describe('A recipe that this one changes'),
  imports: list(text('the path of a module'))
    .optional()
    .describe('Modules that register losses, blocks or data, relative to this file; they are run'),
  description: text('a sentence').optional(),
  reference: text('a paper or a code').optional(),
  published: text('a figure and its source').optional(),
  measured: text('what it gave here').optional(),
  data: text('<kind>:<folder>').optional(),
  skipCorrupt: toggle.optional(),
  testResize: number(1).nullable().optional(),
  student: map({
    name: oneOf(networkNames).optional(),
    block: text('the name of a block')
      .optional()
      .describe('binary, biReal, reActNet, realToBinary, or one that was registered'),
    skip: oneOf(skipNames).optional().describe('Whether each binary convolution has a skip of its own'),
    downsample: oneOf(downsampleNames).optional().describe('The version of shortcuts that change the shape'),
    attention: text('the name of an attention')
      .optional()
      .describe('none, se, gate, cgd, cbam, bam, or one that was registered'),
    width: above0.optional().describe('The factor of the channels of each level'),
    groups: whole(1).optional().describe('Groups of each binary convolution'),
    firstLayer: oneOf(endLayerNames).optional().describe('The weights of the first convolution'),
    lastLayer: oneOf(endLayerNames).optional().describe('Weights and input of the classifier'),
    batchNorm: map({ momentum: above0.optional() }).optional(),
  }).optional(),
  mean: triple.nullable().optional(),
  std: triple.nullable().optional(),
  seed: whole(0).optional(),
  viewSeed: whole(0).optional(),
  threads: whole(1).optional(),
  provider: oneOf(providerNames).optional(),
  backend: oneOf(backendNames).optional(),
};

const stage = (): z.ZodType => map({ ...stageShape, losses: lossTerms().optional() });
const stageList = (): z.ZodType =>
  z.array(stage(), 'expected a list of stages').min(1, 'expected at least one stage');
const stageChanges = (): z.ZodType => z.record(z.string(), stage(), 'expected a map of stages by name');

/** A recipe as it is written: every key may be left out. It knows the losses that are registered when it is called. */
export function recipeTextSchema(): z.ZodType<object> {
  return z.strictObject(
    { ...top, stages: stageList().optional() },
    'expected a map of keys such as student and stages',
  );
}

/** The same where it changes single stages of the recipe that it extends, by their names. */
export function changesTextSchema(): z.ZodType<object> {
  return z.strictObject(
    { ...top, stages: stageChanges().optional() },
    'expected a map of keys such as extends and stages',
  );
}

/** A JSON Schema of recipes, for editors. */
export function recipeJsonSchema(): object {
  const whole = z.strictObject({ ...top, stages: z.union([stageList(), stageChanges()]).optional() });
  return { title: 'Recipe of bnn-distill', ...z.toJSONSchema(whole) };
}

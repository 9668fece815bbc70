import { z } from 'zod';
import { mapOf, numberIn, oneOf, text, toggle, wholeNumber } from '../files/setting-types.js';
import { defaultTerms } from '../losses/loss-table.js';
import { defaultActivation } from '../models/resnet.js';
import { binaryOperandNames } from '../nn/binary-operands.js';
import { signGradientNames } from '../nn/sign-gradient.js';
import { activationNames } from '../ops/batch-norm-activation.js';
import { optimizerNames, optimizers } from '../optim/optimizers/create-optimizer.js';
import { namesOfEveryStep, scheduleNames, schedules } from '../optim/schedules/create-schedule.js';
import { warmupOptions } from '../optim/schedules/warmup.js';
import { augmentation } from './augmentation-schema.js';
import { defaultWords } from './default-words.js';
import { keysOfAny } from './keys-of-any.js';
import { defaultLossTerms, lossTerms } from './loss-schema.js';

const described = (definitions: readonly { readonly name: string; readonly description: string }[]): string =>
  definitions.map(({ name, description }) => `${name}: ${description}.`).join(' ');

const { weightDecay, clipLatent, ...optimizerOptions } = keysOfAny(optimizers);
const optimizer = mapOf({
  name: z
    .exactOptional(oneOf(optimizerNames))
    .describe(
      `The optimizer. ${described(optimizers)} A stage that changes the name begins with its defaults and the same lr`,
    ),
  lr: numberIn({ above: 0 }).default(2e-3).describe('The learning rate that the schedule starts from'),
  weightDecay,
  clipLatent,
  ...optimizerOptions,
});

const { epochs: warmupEpochs, start: warmupStart } = warmupOptions;
const schedule = mapOf({
  name: z
    .exactOptional(oneOf(scheduleNames))
    .describe(`The learning rate over the epochs. ${described(schedules)}`.slice(0, -1)),
  per: z
    .exactOptional(z.enum(['epoch', 'step'], 'expected epoch or step'))
    .describe(
      `Of ${namesOfEveryStep.join(', ')}: whether the rate changes at the start of each epoch or at each step`,
    )
    .register(defaultWords, { words: 'epoch; of the default schedule step' }),
  ...keysOfAny(schedules),
  warmup: z
    .exactOptional(
      mapOf({
        epochs: warmupEpochs,
        start: z
          .exactOptional(warmupStart.unwrap())
          .describe(warmupStart.description!)
          .register(defaultWords, { words: String(warmupStart.def.defaultValue) }),
      }).nullable(),
    )
    .describe('A ramp at the start of the stage, at every step'),
});

const losses = () =>
  lossTerms()
    .default(() => defaultLossTerms())
    .describe('The terms of the loss by name. A first stage that names losses has these alone')
    .register(defaultWords, { words: defaultTerms() });

const stageShape = {
  name: text('a name')
    .regex(/^[A-Za-z0-9-]+$/, 'expected letters, digits and -')
    .default('main')
    .describe('Names the files of the stage in the run directory')
    .register(defaultWords, { words: 'main, of later stages stage-2, stage-3, …' }),
  epochs: wholeNumber(1).default(10).describe('Passes over the training images'),
  batchSize: wholeNumber(2).default(64).describe('Images of a step'),
  binary: oneOf(binaryOperandNames)
    .default('both')
    .describe('What of the convolutions in the body is ±1: activations and weights, one of the two, or none'),
  signGradient: oneOf(signGradientNames)
    .default('ste')
    .describe('How the gradient passes the sign of the activations'),
  activation: oneOf(activationNames)
    .default(defaultActivation)
    .describe('The activation of a full-precision network'),
  initFrom: text('random, previous, or the path of a checkpoint or of a run')
    .default('random')
    .describe(
      'The tensors that the student starts from: random, previous (the best epoch of the stage before), or the path of a checkpoint or of a run. A binary network takes from a full-precision one of its depth what corresponds',
    )
    .register(defaultWords, { words: 'random, of later stages previous' }),
  teacher: text('a model, a card, a cache, or previous')
    .nullable()
    .default(null)
    .describe(
      'The teacher: an ONNX model, its card, or a cache. Of several models with commas between them the logits are averaged, and the first gives the feature maps. The value previous is the student of the stage before, frozen',
    ),
  cache: text('the directory of a cache')
    .nullable()
    .default(null)
    .describe("Store the teacher's answers in this directory, and read those that are there already"),
  views: wholeNumber(1)
    .nullable()
    .default(null)
    .describe('Views of each image; epoch e shows view e mod n')
    .register(defaultWords, { words: 'those of the cache, else one an epoch' }),
  generations: wholeNumber(1)
    .default(1)
    .describe(
      'How often the stage is run, each time from initFrom and taught by the student of the time before',
    ),
  // What a resolved recipe says of an optimizer and a schedule that nobody named.
  optimizer: optimizer.prefault({ name: 'adam', weightDecay: 0, clipLatent: false }),
  schedule: schedule.prefault({ name: 'cosine', per: 'step' }),
  gradient: mapOf({
    centralise: toggle()
      .default(false)
      .describe('Subtract from the gradient of each output channel its mean'),
    clipNorm: numberIn({ above: 0 })
      .nullable()
      .default(null)
      .describe('The largest norm of all gradients together'),
    accumulate: wholeNumber(1).default(1).describe('How many batches are accumulated for one step'),
  }).prefault({}),
  average: mapOf({
    decay: numberIn({ above: 0 }).describe('The share of the old average at each step, below 1'),
  })
    .nullable()
    .default(null)
    .describe('An exponential moving average of the weights, which is then evaluated and kept'),
  reestimateBatchNorm: wholeNumber(0)
    .default(0)
    .describe(
      'Batches over which the statistics of BatchNorm are estimated anew where a stage starts from tensors of another; 0 for none',
    ),
  losses: losses(),
  augmentation: augmentation
    .nullable()
    .default(null)
    .describe('What is done to training images. A key that is left out does nothing')
    .register(defaultWords, { words: 'the usual one of the data' }),
  mix: mapOf({
    mixup: numberIn({ from: 0 })
      .default(0)
      .describe('The α of mixup, whose shares of two images are of Beta(α, α); 0 for off'),
    cutmix: numberIn({ from: 0 })
      .default(0)
      .describe('The α of CutMix, whose shares of two images are of Beta(α, α); 0 for off'),
  }).prefault({}),
  statistics: mapOf({
    every: wholeNumber(0)
      .default(0)
      .describe(
        'Steps from one record of flip ratio, gradient, magnitude and activations of each binary layer to the next; 0 for none',
      ),
  }).prefault({}),
};

/**
 * One stage of training. Defaults are those of a first stage; a later stage begins as the one before it. It knows the losses
 * that are registered when it is called.
 */
export const stageSchema = () => mapOf({ ...stageShape, losses: losses() });

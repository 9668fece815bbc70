import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { backendNames } from '../backends/use-backend.js';
import { listOf, numberIn, oneOf, text, toggle, wholeNumber } from '../files/setting-types.js';
import { providerNames } from '../teacher/providers.js';
import { defaultWords } from './default-words.js';
import { stageSchema } from './stage-schema.js';
import { student } from './student-schema.js';
import { withoutDefaults } from './without-defaults.js';

const triple = z
  .array(z.number('expected a number'), 'expected three numbers, for red, green and blue')
  .length(3, 'expected three numbers, for red, green and blue');

const ofCard = { words: "that of the teacher's card" };

/** The keys of a whole run, without its stages. */
const runShape = {
  description: text('a sentence').default('').describe('What the recipe is, in a sentence'),
  reference: text('a paper or a code').default('').describe('Where it comes from: a paper or code'),
  published: text('a figure and its source')
    .default('')
    .describe('The figure that its source gives, and for what'),
  measured: text('what it gave here')
    .default('')
    .describe('What it gave here and on what, or that it was not run in full'),
  data: text('<kind>:<folder>')
    .default('')
    .describe(
      'The data set, as cifar10:<folder>. One of cifar10:<folder>, cifar100:<folder>, imagefolder:<folder> and cifar10-sample',
    ),
  skipCorrupt: toggle()
    .default(false)
    .describe(
      'Decode every image of an imagefolder once before the work, and leave out those that cannot be decoded. Otherwise such an image ends the work',
    ),
  testResize: numberIn({ from: 1 })
    .nullable()
    .default(null)
    .describe(
      'Of images in files, evaluated: the ratio of the shorter side to the crop, before the centre is cut out',
    )
    .register(defaultWords, { words: 'that of the data set' }),
  student: student.prefault({}),
  imports: listOf(text('the path of a module'))
    .default([])
    .describe(
      'Modules that register losses, blocks or data. Their paths are relative to this file; they are run when it is read',
    ),
  mean: triple
    .nullable()
    .default(null)
    .describe('The mean of each colour in [0, 1]')
    .register(defaultWords, ofCard),
  std: triple
    .nullable()
    .default(null)
    .describe('The standard deviation of each colour')
    .register(defaultWords, ofCard),
  seed: wholeNumber(0).default(0).describe('The seed of initialisation, shuffling and mixing'),
  viewSeed: wholeNumber(0).default(0).describe('The seed of the augmentation of each view'),
  threads: wholeNumber(1)
    .default(() => availableParallelism())
    .describe('Threads of student and teacher')
    .register(defaultWords, { words: 'the processors of the machine' }),
  provider: oneOf(providerNames)
    .default('cpu')
    .describe('Where ONNX Runtime runs the teacher; auto takes the first of cuda, webgpu and cpu that works'),
  backend: oneOf<string>(backendNames).default('native').describe('Where the student trains'),
};

const stageList = () =>
  z.array(stageSchema(), 'expected a list of stages').min(1, 'expected at least one stage').prefault([{}]);

/**
 * Everything that decides a run; only the name of the run directory is not in it. The type `Recipe`, the defaults, the check
 * of a recipe's text, the JSON Schema and the tables of the documentation follow from it. It knows the losses that are
 * registered when it is called.
 */
export const recipeSchema = () => z.strictObject({ ...runShape, stages: stageList() });

/** The keys of a recipe's text, without its stages. */
const textShape = {
  extends: text('the name or the file of a recipe')
    .optional()
    .describe('A recipe that this one changes: the name of a built-in one, or a file'),
  ...runShape,
};

/** A recipe as it is written: every key may be left out. */
export function recipeTextSchema(): z.ZodType<object> {
  const whole = z.strictObject(
    { ...textShape, stages: stageList() },
    'expected a map of keys such as student and stages',
  );
  return withoutDefaults(whole) as z.ZodType<object>;
}

/** The same where it changes single stages of the recipe that it extends, by their names. */
export function changesTextSchema(): z.ZodType<object> {
  const changes = z.strictObject(
    { ...textShape, stages: stageChanges() },
    'expected a map of keys such as extends and stages',
  );
  return withoutDefaults(changes) as z.ZodType<object>;
}

const stageChanges = () => z.record(z.string(), stageSchema(), 'expected a map of stages by name');

/** A JSON Schema of recipes, for editors. */
export function recipeJsonSchema(): object {
  const whole = z.strictObject({
    ...textShape,
    stages: z.union([stageList(), stageChanges()]).optional(),
  });
  const schema = z.toJSONSchema(whole, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const words = defaultWords.get(zodSchema)?.words;
      if (words !== undefined) jsonSchema.description += ` (default: ${words})`;
      const isSaid = zodSchema instanceof z.ZodPrefault || jsonSchema.default === '' || words !== undefined;
      if (isSaid && jsonSchema.default !== null) delete jsonSchema.default;
    },
  });
  return { title: 'Recipe of bnn-distill', ...schema };
}

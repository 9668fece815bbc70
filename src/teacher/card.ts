import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { parseCheckedYaml } from '../files/checked-yaml.js';

const name = (what: string) => z.string(`expected ${what}`).min(1, `expected ${what}`);
const sha256 = z
  .string('expected 64 hexadecimal digits')
  .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
const positiveInteger = (what: string) => z.int(`expected ${what}`).positive(`expected ${what}`);
const triple = (what: string, number: z.ZodNumber) =>
  z.tuple([number, number, number], `expected three numbers: ${what}`);
const finite = z.number('expected a number');
const pixels = positiveInteger('a whole number of pixels');

const resize = z.strictObject({
  /** The shorter side after resizing, in pixels. */
  short: pixels,
  interpolation: z.enum(
    ['nearest', 'bilinear', 'bicubic', 'lanczos'],
    'expected nearest, bilinear, bicubic or lanczos',
  ),
  /** Side of the square cut from the centre afterwards, in pixels. */
  crop: pixels,
});

const input = z.strictObject(
  {
    /** The name of the model's only input. It is optional and only checked. */
    name: name('the name of an input').optional(),
    layout: z.enum(['nchw', 'nhwc'], 'expected nchw or nhwc'),
    /** [height, width] in pixels. */
    size: z.tuple([pixels, pixels], 'expected [height, width] in pixels'),
    /** Order of the channels. */
    color: z.enum(['rgb', 'bgr'], 'expected rgb or bgr').default('rgb'),
    /** Factor of bytes 0 … 255 before mean and std: `1/255` if those are for images in [0, 1]. */
    scale: z.literal(['1/255', 1], 'expected 1/255 or 1').default('1/255'),
    /** Mean of each channel in the model's channel order; it is subtracted after scaling. */
    mean: triple('the mean of each channel', finite),
    /** Standard deviation of each channel in the model's channel order; the difference is divided by it. */
    std: triple('the standard deviation of each channel', finite.positive('expected a number above 0')),
    /** How larger images are resized to `size`; absent if the data have that size. */
    resize: resize.optional(),
  },
  'expected a map of layout, size, mean and std',
);

const outputs = z.strictObject({
  /** The output that holds the logits; the only output if absent. */
  logits: name('the name of an output').optional(),
  /** Whether the output is before or after softmax. */
  kind: z.enum(['logits', 'probabilities'], 'expected logits or probabilities').default('logits'),
});

const tap = z.strictObject({
  name: name('a name such as level1'),
  /** The tensor's name in the model. */
  tensor: name('the name of a tensor in the model'),
  /** The resolution group, from 1. */
  level: positiveInteger('a level, counted from 1'),
});

/** Schema of a teacher card, version 1. */
export const teacherCardSchema = z.strictObject(
  {
    schema: z.literal(1, 'expected 1, the only version of teacher cards'),
    /** The model, relative to the card. */
    file: name('the file name of the model, relative to the card'),
    /**
     * SHA-256 of the model; with external data a list of that of the model and of each data file in graph
     * order.
     */
    sha256: z.union(
      [sha256, z.array(sha256).min(1)],
      'expected 64 lower-case hexadecimal digits, or a list of such',
    ),
    input,
    outputs: outputs.optional(),
    /** Feature maps; found automatically if absent. */
    taps: z.array(tap, 'expected a list of taps').optional(),
    /** Class names in the order of the logits. */
    classes: z
      .array(
        z.union([z.string(), z.number()], 'expected a name').transform(String),
        'expected a list of class names',
      )
      .min(2, 'expected at least two class names'),
    /** The kind of data on which the teacher was trained: `cifar10`, `cifar100`. */
    dataset: name('the kind of a data set').optional(),
    /** Top-1 accuracy on the data set's test images, in percent. */
    expectedTop1: finite
      .min(0, 'expected percent, 0 to 100')
      .max(100, 'expected percent, 0 to 100')
      .optional(),
    /** Where the model comes from. */
    source: name('where the model comes from').optional(),
    licence: name('a licence').optional(),
  },
  'expected a map of keys such as schema, file and input',
);

/** What ONNX does not say about a teacher. */
export type TeacherCard = z.output<typeof teacherCardSchema>;
/** How images become a model's input. */
export type CardInput = TeacherCard['input'];

/**
 * A teacher card from YAML text.
 *
 * @param path the card's file name, for messages, which start with `path:line:column`
 * @throws InputError for YAML that does not parse, an unknown key, a missing or wrong value
 */
export function parseCard(text: string, path: string): TeacherCard {
  return parseCheckedYaml(text, path, () => teacherCardSchema).value;
}

/**
 * Reads a teacher card.
 *
 * @throws InputError as {@link parseCard} does, and for a file that cannot be read
 */
export async function loadCard(path: string): Promise<TeacherCard> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new InputError(`cannot read the teacher card ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return parseCard(text, path);
}

import { z } from 'zod';
import { mapOf, numberIn, oneOf } from '../files/setting-types.js';
import { namedOptions, type NumberRange } from '../losses/loss-options.js';
import { knownLosses } from '../losses/loss-settings.js';
import type { LossWeight } from '../losses/loss-weight.js';
import { allLosses } from '../losses/registry.js';

/** A term's weight and its own options, for instance `{ weight: 1, T: 4 }`. */
export interface LossTermSettings {
  readonly weight: LossWeight;
  readonly [option: string]: unknown;
}

const weight = z.union(
  [
    numberIn({ from: 0 }),
    z.strictObject({
      from: numberIn({ from: 0 }),
      to: numberIn({ from: 0 }),
      course: oneOf(['linear', 'cosine']),
    }),
  ],
  'expected a number of at least 0, or a map of from, to and course (linear or cosine)',
);

/** The loss terms of a first stage that names none. */
export function defaultLossTerms(): Readonly<Record<string, LossTermSettings>> {
  return Object.fromEntries(
    knownLosses().map((loss) => [loss.name, { weight: loss.weight, ...loss.options }]),
  );
}

/** A range as JSON Schema has it. */
function jsonRange({ above, from, below, to }: NumberRange): object {
  return { exclusiveMinimum: above, minimum: from, exclusiveMaximum: below, maximum: to };
}

/** The loss terms of a stage by name: those that are known when it is called, each with its weight and its options. */
export function lossTerms(): z.ZodType<
  Record<string, LossTermSettings>,
  Record<string, Partial<LossTermSettings>>
> {
  const terms = allLosses().map(({ name, description = '', options }) => [
    name,
    mapOf({
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
  return mapOf(Object.fromEntries(terms) as z.ZodRawShape) as unknown as ReturnType<typeof lossTerms>;
}

import { z } from 'zod';

/**
 * What the default of a key means, in words, where the value does not say it: null, a number that depends on the machine, or
 * an option whose default is that of the chosen optimizer.
 */
export const defaultWords = z.registry<{ readonly words: string }, z.core.$ZodType>();

import { checkedName } from '../unknown-name.js';

/**
 * What a binary layer makes binary: activations and weights, one of the two with the other in floats, or none, for training
 * in stages.
 */
export type Binarise = 'both' | 'activations' | 'weights' | 'none';

/** Every {@link Binarise}. */
export const binariseNames: readonly Binarise[] = ['both', 'activations', 'weights', 'none'];

/**
 * The value as a {@link Binarise}.
 *
 * @throws InputError for any other text, naming it
 */
export function checkedBinarise(value: string): Binarise {
  return checkedName('what to binarise is', value, binariseNames);
}

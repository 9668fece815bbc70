import { checkedName } from '../unknown-name.js';

/**
 * Which operands of a convolution are ±1: activations and weights, one of the two while the other stays in
 * floats, or none. Training in stages makes one operand binary after the other.
 */
export type BinaryOperands = 'both' | 'activations' | 'weights' | 'none';

/** Every {@link BinaryOperands}. */
export const binaryOperandNames: readonly BinaryOperands[] = ['both', 'activations', 'weights', 'none'];

/** The setting of a layer, a block or a network with binary operands. */
export interface BinaryOption {
  /** Default 'both'. */
  readonly binary?: BinaryOperands | undefined;
  /** @deprecated The name of `binary` before 0.2. It is read until 0.3. */
  readonly binarise?: BinaryOperands | undefined;
}

/**
 * The value as {@link BinaryOperands}.
 *
 * @throws InputError for any other text, naming it
 */
export function checkedBinaryOperands(value: string): BinaryOperands {
  return checkedName('binary is', value, binaryOperandNames);
}

/**
 * The binary operands that options name, under either name.
 *
 * @throws InputError as {@link checkedBinaryOperands} does
 */
export function binaryOperandsOf({ binary, binarise }: BinaryOption): BinaryOperands {
  return checkedBinaryOperands(binary ?? binarise ?? 'both');
}

/** Whether activations are ±1. */
export function hasBinaryActivations(binary: BinaryOperands): boolean {
  return binary === 'both' || binary === 'activations';
}

/** Whether weights are ±1. */
export function hasBinaryWeights(binary: BinaryOperands): boolean {
  return binary === 'both' || binary === 'weights';
}

import { InputError } from '../../errors.js';
import { unknownName } from '../../unknown-name.js';
import type { AttentionDefinition, AttentionFactory } from './attention.js';
import { bam } from './bam.js';
import { cbam } from './cbam.js';
import { gateDecorator } from './gate-decorator.js';
import { realToBinaryGate } from './real-to-binary-gate.js';
import { squeezeExcite } from './squeeze-excite.js';

/** The attentions of this package. */
const own: readonly AttentionDefinition[] = [squeezeExcite, realToBinaryGate, gateDecorator, cbam, bam];

/** Their names, without `none`. */
export const attentionNames: readonly string[] = own.map(({ name }) => name);

/** The attention of a network that has none. */
export const noAttention = 'none';

const factories = new Map<string, AttentionFactory>(own.map(({ name, make }) => [name, make]));

/**
 * Makes an attention known to recipes (`student.attention`) and checkpoints under its name. It replaces one
 * that was registered under this name before.
 *
 * @throws InputError for a name of this package
 */
export function registerAttention(name: string, factory: AttentionFactory): void {
  if (name === noAttention || attentionNames.includes(name))
    throw new InputError(`the attention '${name}' is that of this package.`, { fix: 'choose another name' });
  factories.set(name, factory);
}

/**
 * The factory of an attention; undefined for `none`.
 *
 * @throws InputError for a name that is not known
 */
export function attentionFactory(name: string): AttentionFactory | undefined {
  if (name === noAttention) return undefined;
  const found = factories.get(name);
  if (found) return found;
  throw unknownName('attention', name, [noAttention, ...factories.keys()]);
}

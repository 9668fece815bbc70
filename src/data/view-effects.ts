import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { policies, type PolicyName } from './augmentation-policies.js';
import { applyPolicy, type DrawnPolicy, drawPolicy } from './auto-augment.js';
import { applyJitter, type ColorJitter, type DrawnJitter, drawJitter } from './color-jitter.js';
import { addLighting, drawLighting } from './lighting.js';
import { rotateBilinear } from './image-geometry.js';
import { purposes, RandomStream } from './random.js';

/** Effects on an image after crop and flip, applied in this order. Each draws from its own stream. */
export interface Effects {
  /**
   * Turn about the centre by an angle uniform in ±`rotation` degrees, bilinear, black outside; in [0, 180],
   * default 0.
   */
  readonly rotation?: number;
  /** A published policy of AutoAugment; default `none`. */
  readonly autoAugment?: AutoAugmentName;
  /** Change brightness, contrast, saturation and hue in random order; default null. */
  readonly colorJitter?: ColorJitter | null;
  /**
   * Standard deviation of PCA lighting, added to floats in [0, 1] without clipping; 0.1 is usual, default 0.
   */
  readonly lighting?: number;
}

/** Names of the policies of AutoAugment, and `none`. */
export type AutoAugmentName = 'none' | PolicyName;
export const autoAugmentNames = ['none', ...Object.keys(policies)] as readonly AutoAugmentName[];

/** What was drawn for one image. Effects that an augmentation does not have are undefined. */
export interface DrawnEffects {
  /** Degrees, counter-clockwise, float32. */
  readonly rotation?: number | undefined;
  readonly policy?: ({ readonly name: PolicyName } & DrawnPolicy) | undefined;
  readonly jitter?: DrawnJitter | undefined;
  /** α of the three components. */
  readonly lighting?: readonly [number, number, number] | undefined;
}

/** Whether an augmentation has any effects. */
export function hasEffects(effects: Effects): boolean {
  return hasByteEffects(effects) || (effects.lighting ?? 0) > 0;
}

function hasByteEffects({ rotation = 0, autoAugment = 'none', colorJitter = null }: Effects): boolean {
  return rotation > 0 || autoAugment !== 'none' || colorJitter !== null;
}

/**
 * Draws the effects of the view (index, view): a pure function of its arguments. Undefined if there are none.
 */
export function drawEffects(
  effects: Effects,
  viewSeed: number,
  index: number,
  view: number,
): DrawnEffects | undefined {
  if (!hasEffects(effects)) return undefined;
  const { rotation = 0, autoAugment = 'none', colorJitter = null, lighting = 0 } = effects;
  const stream = (purpose: number): RandomStream => new RandomStream({ seed: viewSeed, index, view, purpose });
  return {
    rotation:
      rotation > 0 ? Math.fround(rotation * (2 * stream(purposes.rotation).float() - 1)) : undefined,
    policy:
      autoAugment === 'none'
        ? undefined
        : { name: autoAugment, ...drawPolicy(autoAugment, stream(purposes.autoAugment)) },
    jitter: colorJitter === null ? undefined : drawJitter(colorJitter, stream(purposes.colorJitter)),
    lighting: lighting > 0 ? drawLighting(lighting, stream(purposes.lighting)) : undefined,
  };
}

/** Applies what was drawn to the RGB bytes [height, width, 3] of a cropped and mirrored image, in place. */
export function applyByteEffects(
  bytes: Uint8Array,
  size: readonly [height: number, width: number],
  { rotation, policy, jitter }: DrawnEffects,
): void {
  if (rotation !== undefined) rotateBilinear(bytes, size, rotation);
  if (policy) applyPolicy(bytes, size, policy.name, policy);
  if (jitter) applyJitter(bytes, jitter);
}

/** Applies what was drawn to floats in [0, 1], `length` of them from `offset` on. */
export function applyFloatEffects(
  image: Float32Array,
  offset: number,
  length: number,
  { lighting }: DrawnEffects,
): void {
  if (lighting) addLighting(image, offset, length, lighting);
}

/** @throws InputError that names the first value out of range */
export function checkEffects(effects: Effects): void {
  const { rotation = 0, autoAugment = 'none', colorJitter = null, lighting = 0 } = effects;
  checkRange('the rotation', rotation, 180, ' degrees');
  if (!autoAugmentNames.includes(autoAugment))
    throw new InputError(
      `autoAugment must be one of ${autoAugmentNames.join(', ')}, got '${String(autoAugment)}'.`,
      { nearest: nearestNames(String(autoAugment), autoAugmentNames) },
    );
  if (colorJitter) {
    const { hue, ...factors } = colorJitter;
    for (const [name, value] of Object.entries(factors))
      checkRange(`the ${name} of colorJitter`, value, Infinity);
    checkRange('the hue of colorJitter', hue, 0.5);
  }
  checkRange('lighting', lighting, Infinity);
}

function checkRange(what: string, value: number, most: number, unit = ''): void {
  if (Number.isFinite(value) && value >= 0 && value <= most) return;
  const range =
    most === Infinity ? 'a finite number of at least 0' : `a number from 0 to ${most}`;
  throw new InputError(`${what} must be ${range}${unit}, got ${value}.`);
}

import { type OperationName, policies, type PolicyName } from './augmentation-policies.js';
import { type ImageSize, moveNearest, rotation, shearX, shearY, translateX, translateY } from './image-geometry.js';
import {
  autocontrast,
  brightness,
  color,
  contrast,
  equalize,
  invert,
  posterize,
  sharpness,
  solarize,
} from './image-operations.js';
import type { RandomStream } from './random.js';

/** What was drawn for one image. */
export interface DrawnPolicy {
  /** The number of the sub-policy, 0 to 24. */
  readonly subPolicy: number;
  /** Whether each of its two operations is applied. */
  readonly applied: readonly [boolean, boolean];
  /** Whether each magnitude is negative. Operations without a sign ignore it. */
  readonly negative: readonly [boolean, boolean];
}

/**
 * Draws a sub-policy uniformly, which of its operations are applied, and the signs: five numbers of the
 * stream.
 */
export function drawPolicy(name: PolicyName, stream: RandomStream): DrawnPolicy {
  const subPolicy = stream.integer(policies[name].length);
  const [first, second] = policies[name][subPolicy];
  return {
    subPolicy,
    applied: [stream.float() < first[1], stream.float() < second[1]],
    negative: [stream.integer(2) === 1, stream.integer(2) === 1],
  };
}

/**
 * Applies what was drawn to the RGB bytes [height, width, 3] of an image, in place.
 *
 * A magnitude m from 0 to 9 is a share m/9 of the paper's range:
 *
 * - shear ±0.3 m/9
 * - translation ±⌊150/331 · side · m/9⌋ pixels, since the paper's 150 pixels are of images of 331
 * - rotation ±30 m/9 degrees
 * - solarize 256 (1 − m/9)
 * - posterize 8 − round(4 m/9) bits
 * - contrast, color, brightness and sharpness 1 ± 0.9 m/9
 *
 * Moved pixels are taken from the nearest pixel; outside the image is black.
 */
export function applyPolicy(bytes: Uint8Array, size: ImageSize, name: PolicyName, drawn: DrawnPolicy): void {
  policies[name][drawn.subPolicy].forEach(([operation, , magnitude], at) => {
    if (drawn.applied[at])
      applyOperation(bytes, size, operation, operationValue(operation, magnitude, drawn.negative[at], size));
  });
}

/**
 * The value of a magnitude, 0 to 9, in the unit of its operation (see {@link applyPolicy}); 0 if it has none.
 */
export function operationValue(
  operation: OperationName,
  magnitude: number,
  negative: boolean,
  [height, width]: ImageSize,
): number {
  const share = magnitude / 9;
  const sign = negative ? -1 : 1;
  switch (operation) {
    case 'shearX':
    case 'shearY':
      return sign * 0.3 * share;
    case 'translateX':
      return sign * Math.floor((150 / 331) * width * share);
    case 'translateY':
      return sign * Math.floor((150 / 331) * height * share);
    case 'rotate':
      return sign * 30 * share;
    case 'solarize':
      return 256 * (1 - share);
    case 'posterize':
      return 8 - Math.round(4 * share);
    case 'contrast':
    case 'color':
    case 'brightness':
    case 'sharpness':
      return 1 + sign * 0.9 * share;
    case 'autocontrast':
    case 'invert':
    case 'equalize':
      return 0;
  }
}

/**
 * Applies one operation to RGB bytes [height, width, 3] in place, with a value of {@link operationValue}.
 */
export function applyOperation(
  bytes: Uint8Array,
  size: ImageSize,
  operation: OperationName,
  value: number,
): void {
  operations[operation](bytes, value, size);
}

const operations: Readonly<Record<OperationName, (bytes: Uint8Array, value: number, size: ImageSize) => void>> = {
  shearX: (bytes, value, size) => {
    moveNearest(bytes, size, shearX(value));
  },
  shearY: (bytes, value, size) => {
    moveNearest(bytes, size, shearY(value));
  },
  translateX: (bytes, value, size) => {
    moveNearest(bytes, size, translateX(value));
  },
  translateY: (bytes, value, size) => {
    moveNearest(bytes, size, translateY(value));
  },
  rotate: (bytes, value, size) => {
    moveNearest(bytes, size, rotation(value, size));
  },
  autocontrast,
  invert,
  equalize,
  solarize,
  posterize,
  contrast,
  color,
  brightness,
  sharpness: (bytes, value, size) => {
    sharpness(bytes, size, value);
  },
};

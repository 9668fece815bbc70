import { brightness, color, contrast } from './image-operations.js';
import { type RandomStream, shuffle } from './random.js';

/** How far brightness, contrast, saturation and hue may change; 0 for no change. */
export interface ColorJitter {
  /**
   * The factor is uniform in [max(0, 1 − brightness), 1 + brightness]; so are those of contrast and
   * saturation.
   */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** The shift is uniform in [−hue, hue], in turns of the colour circle; at most 0.5. */
  readonly hue: number;
}

/** The steps of a jitter; `order` has their indices. */
export const jitterSteps = ['brightness', 'contrast', 'saturation', 'hue'] as const;

/** The usual jitter for ImageNet. */
export const imagenetJitter: ColorJitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 };

/** What was drawn for one image. */
export interface DrawnJitter {
  /** Indices of {@link jitterSteps}, in the order in which they are applied. */
  readonly order: readonly [number, number, number, number];
  /** Factors, float32. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Turns of the colour circle, float32. */
  readonly hue: number;
}

/** Draws the order of the four steps uniformly, and the amount of each: seven numbers of the stream. */
export function drawJitter(jitter: ColorJitter, stream: RandomStream): DrawnJitter {
  const order = shuffle<[number, number, number, number]>([0, 1, 2, 3], stream);
  const factor = (spread: number): number => {
    const least = Math.max(0, 1 - spread);
    return Math.fround(least + (1 + spread - least) * stream.float());
  };
  return {
    order,
    brightness: factor(jitter.brightness),
    contrast: factor(jitter.contrast),
    saturation: factor(jitter.saturation),
    hue: Math.fround(jitter.hue * (2 * stream.float() - 1)),
  };
}

/**
 * Applies what was drawn to RGB bytes [pixels, 3] in place, as torchvision's `ColorJitter` does. Brightness,
 * contrast and saturation mix with black, with the mean grey and with each pixel's luma (see `brightness`,
 * `contrast` and `color`). Hue turns the colour circle of HSV and is rounded to the nearest byte.
 */
export function applyJitter(bytes: Uint8Array, drawn: DrawnJitter): void {
  for (const step of drawn.order) {
    const name = jitterSteps[step];
    if (name === 'hue') {
      if (drawn.hue !== 0) shiftHue(bytes, drawn.hue);
    } else if (drawn[name] !== 1) factorSteps[name](bytes, drawn[name]);
  }
}

const factorSteps = { brightness, contrast, saturation: color } as const;

/**
 * Turns the hue of each pixel by `turns` of the colour circle, in place. The greatest and the least of its
 * three values stay. In HSV the value is the greatest of the three, and the hue lies between red (0), green
 * (1/3) and blue (2/3).
 */
export function shiftHue(bytes: Uint8Array, turns: number): void {
  for (let at = 0; at < bytes.length; at += 3) {
    const red = bytes[at];
    const green = bytes[at + 1];
    const blue = bytes[at + 2];
    const greatest = Math.max(red, green, blue);
    const spread = greatest - Math.min(red, green, blue);
    if (spread === 0) continue;
    const sixths =
      greatest === red
        ? (green - blue) / spread
        : greatest === green
          ? 2 + (blue - red) / spread
          : 4 + (red - green) / spread;
    const hue = sixths + 6 * turns;
    bytes[at] = Math.round(greatest - spread * distance(hue, 5));
    bytes[at + 1] = Math.round(greatest - spread * distance(hue, 3));
    bytes[at + 2] = Math.round(greatest - spread * distance(hue, 1));
  }
}

/**
 * The share of the spread that a colour lacks at a hue in sixths: a trapezium, 0 around its own hue and 1
 * opposite.
 */
function distance(hue: number, offset: number): number {
  const place = (((hue + offset) % 6) + 6) % 6;
  return Math.max(0, Math.min(place, 4 - place, 1));
}

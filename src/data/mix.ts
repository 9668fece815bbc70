import { InputError } from '../errors.js';
import { purposes, RandomStream, shuffle } from './random.js';

/**
 * How the images of a batch are mixed with each other, after their views were made. If both are above 0, each
 * step uses one of the two, with probability ½.
 */
export interface MixSettings {
  /**
   * α of mixup: x ← λ x_a + (1 − λ) x_b with one λ ~ Beta(α, α) for each batch; 0 for off.
   * Source: Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond empirical risk minimization", ICLR 2018.
   */
  readonly mixup: number;
  /**
   * α of CutMix: a box with the share 1 − λ of the image comes from the partner, λ ~ Beta(α, α); 0 for off.
   * Source: Yun et al., "CutMix: Regularization strategy to train strong classifiers with localizable
   * features", ICCV 2019.
   */
  readonly cutmix: number;
}

/** No mixing. */
export const noMix: MixSettings = { mixup: 0, cutmix: 0 };

/** A part of an image, in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * How the images of one batch are mixed: each has the share `lambda` of the result, its partner 1 − `lambda`.
 */
export interface Mixing {
  /** For each place of the batch, the place of its partner: a permutation. */
  readonly partner: Uint32Array;
  /** In [0, 1], one for the batch. With a box it is exactly the share of the image outside the box. */
  readonly lambda: number;
  /** The part that is copied from the partner; absent for mixup, which mixes every pixel. */
  readonly box?: Box;
}

/** What a mixing is drawn from, besides its settings. */
export interface MixPlace {
  /** Integer in [0, 2^53). */
  readonly seed: number;
  /** Epoch and step of the epoch, from 0. */
  readonly epoch: number;
  readonly step: number;
}

/** Whether anything is mixed. */
export function mixes({ mixup, cutmix }: MixSettings): boolean {
  return mixup > 0 || cutmix > 0;
}

/** @throws InputError unless both are finite numbers of at least 0 */
export function checkMix(mix: MixSettings): void {
  for (const name of ['mixup', 'cutmix'] as const)
    if (!(mix[name] >= 0 && Number.isFinite(mix[name])))
      throw new InputError(
        `${name} must be the α of a Beta distribution, a finite number of at least 0, got ${mix[name]}.`,
      );
}

/**
 * Draws how a batch is mixed: a pure function of its arguments.
 *
 * @param count images of the batch
 * @param size height and width of the images
 * @returns undefined if nothing is mixed
 */
export function drawMixing(
  mix: MixSettings,
  { seed, epoch, step }: MixPlace,
  count: number,
  size: readonly [height: number, width: number],
): Mixing | undefined {
  if (!mixes(mix)) return undefined;
  const stream = new RandomStream({ seed, index: step, view: epoch, purpose: purposes.mix });
  const isFirst = stream.integer(2) === 0;
  const isBox = mix.cutmix > 0 && (mix.mixup === 0 || isFirst);
  const partner = shuffle(
    Uint32Array.from({ length: count }, (_, place) => place),
    stream,
  );
  const lambda = drawBeta(isBox ? mix.cutmix : mix.mixup, stream);
  if (!isBox) return { partner, lambda };
  const box = drawBox(lambda, size, stream);
  return { partner, lambda: 1 - (box.width * box.height) / (size[0] * size[1]), box };
}

/**
 * A box with a share of about 1 − λ. Its centre is uniform over the pixels; what lies over the border is cut
 * off.
 */
function drawBox(lambda: number, [height, width]: readonly [number, number], stream: RandomStream): Box {
  const side = Math.sqrt(1 - lambda);
  const span = (length: number): readonly [number, number] => {
    const whole = Math.floor(length * side);
    const start = stream.integer(length) - Math.floor(whole / 2);
    const first = Math.max(0, start);
    return [first, Math.max(0, Math.min(length, start + whole) - first)];
  };
  const [left, boxWidth] = span(width);
  const [top, boxHeight] = span(height);
  return { left, top, width: boxWidth, height: boxHeight };
}

/** A number of Beta(α, α): X / (X + Y) with X, Y ~ Gamma(α). Logarithms avoid 0 / 0 for small α. */
function drawBeta(alpha: number, stream: RandomStream): number {
  const x = drawLogGamma(alpha, stream);
  const y = drawLogGamma(alpha, stream);
  return 1 / (1 + Math.exp(y - x));
}

/**
 * The logarithm of a number of Gamma(α) by Marsaglia and Tsang ("A simple method for generating gamma
 * variables", ACM TOMS 26(3), 2000): a number of Gamma(α + 1) times a uniform number to the power of 1 / α.
 */
function drawLogGamma(alpha: number, stream: RandomStream): number {
  const uniform = (): number => (stream.uint32() + 1) / 0x100000000;
  const d = alpha + 1 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = stream.normal();
    const v = (1 + c * normal) ** 3;
    const u = uniform();
    if (v <= 0 || Math.log(u) >= 0.5 * normal * normal + d - d * v + d * Math.log(v)) continue;
    return Math.log(d * v) + Math.log(uniform()) / alpha;
  }
}

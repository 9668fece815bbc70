import {
  mul,
  type Rank,
  sub,
  type Tensor,
  type Tensor2D,
  tidy,
  type Variable,
  variable,
  zeros,
} from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import type { LossState } from './loss.js';
import type { LossOption } from './loss-options.js';

/** The option of the loss `center` that its centres learn by. */
export const rateOption = {
  default: 0.5,
  range: { above: 0 },
  description: 'The learning rate of the centres.',
} as const satisfies LossOption;

/**
 * The centres of the classes that the loss `center` draws features to: [classes, width], all 0 at the start.
 * They are learned by gradient descent of their own, with the gradient of the unweighted loss:
 *
 *   c ← c − rate · ∂L/∂c, L the batch mean of `centerLoss`
 *
 * so that the weight of the loss in the run moves the network alone. They serve training only: checkpoints of
 * a run hold them, students do not.
 *
 * Source: Wen et al. 2016; rate 0.5 as in its usual code.
 */
export class Centers implements LossState {
  readonly variable: Variable<Rank.R2>;
  readonly variables: ReadonlyMap<string, Variable>;

  /**
   * @param size classes, and width of the features
   * @param rate above 0
   * @throws InputError for another rate
   */
  constructor(
    size: readonly [classes: number, width: number],
    private readonly rate: number,
  ) {
    if (!(rate > 0 && Number.isFinite(rate)))
      throw new InputError(`the rate of the centres must be a finite number above 0, got ${rate}.`);
    this.variable = tidy(() => variable<Rank.R2>(zeros([...size]), true));
    this.variables = new Map([['all', this.variable]]);
  }

  /**
   * Moves the centres.
   *
   * @param gradient of the run's loss to them; it stays the caller's
   * @param weight of the term in that loss, above 0
   */
  move(gradient: Tensor, weight: number): void {
    tidy(() => this.variable.assign(sub<Tensor2D>(this.variable, mul(gradient, this.rate / weight))));
  }

  dispose(): void {
    this.variable.dispose();
  }
}

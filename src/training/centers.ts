import { mul, sub, type Tensor, tidy, type Variable, variable, zeros } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';

/**
 * The centres of the classes that the loss `center` draws features to: [classes, width], all 0 at the start. They are
 * learned by gradient descent of their own, with the gradient of the unweighted loss:
 *
 *   c ← c − rate · ∂L/∂c, L the batch mean of `centerLoss`
 *
 * so that the weight of the loss in the run moves the network alone. They serve training only and are in no checkpoint.
 * Source: Wen et al. 2016; rate 0.5 as in its usual code.
 */
export class Centers {
  readonly variable: Variable;

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
    this.variable = tidy(() => variable(zeros([...size]), true));
  }

  /**
   * Moves the centres.
   *
   * @param gradient of the run's loss to them; it stays the caller's
   * @param weight of the term in that loss, above 0
   */
  move(gradient: Tensor, weight: number): void {
    tidy(() => this.variable.assign(sub(this.variable, mul(gradient, this.rate / weight))));
  }

  dispose(): void {
    this.variable.dispose();
  }
}

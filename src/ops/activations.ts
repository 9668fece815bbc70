import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { differentiable } from './differentiable.js';
import { type SignSlope, throughSlope } from './sign-slope.js';

// Gradients select and do not multiply by a mask of 0 and 1: an infinite upstream gradient outside the window
// becomes 0, and not NaN.

/** `whole` where |x| ≤ 1, else `outside`. */
function insideUnit<T extends tf.Tensor>(x: T, whole: T, outside: T): T {
  return tf.where(tf.lessEqual(tf.abs(x), 1), whole, outside);
}

/** ±1 by the sign of x; ±0 give +1. `tf.sign` has a third value at 0, which one bit cannot hold. */
function signs<T extends tf.Tensor>(x: T): T {
  return tf.where<T>(tf.greaterEqual(x, 0), tf.onesLike(x), tf.fill(x.shape, -1) as T);
}

/** The sign, with a gradient that depends on x. */
function shapedSign<T extends tf.Tensor>(x: T, slope: SignSlope): T {
  return differentiable<T>([x], () => ({
    value: signs(x),
    saved: [x],
    gradients: (dy, [input], ctx) => [throughSlope(dy, input as T, slope, ctx)],
  }));
}

/**
 * The sign with the straight-through estimator.
 *
 * q(x) = +1 for x ≥ 0 (−0 included), else −1
 *
 * dq/dx = 1 for |x| ≤ 1, else 0
 *
 * Any shape. The window is closed, since clipped latent weights lie at exactly ±1 and must still learn.
 * Source: Hubara et al. 2016, "Binarized Neural Networks"; the closed window is that of larq's `ste_sign`.
 */
export function signSte<T extends tf.Tensor>(x: T): T {
  return differentiable<T>([x], () => ({
    value: signs(x),
    saved: [x],
    gradients: (dy, [input]) => [insideUnit(input as T, dy, tf.zerosLike(dy))],
  }));
}

/**
 * The sign with the gradient of its piecewise quadratic approximation.
 *
 * q(x) = +1 for x ≥ 0 (−0 included), else −1
 *
 * dq/dx = 2 − 2|x| for |x| < 1, else 0
 *
 * Any shape. Source: Liu et al. 2018, "Bi-Real Net".
 */
export function approxSign<T extends tf.Tensor>(x: T): T {
  return shapedSign(x, 'approxSign');
}

/**
 * The sign with the gradient of a scaled tanh, k·tanh(t·x), whose sharpness t grows over training: the error
 * decay estimator. At t = 1e-3 it passes everything, as the identity does; at t = 10 only what is close to 0.
 *
 * q(x) = +1 for x ≥ 0 (−0 included), else −1
 *
 * dq/dx = k·t·(1 − tanh²(t·x)), k = max(1/t, 1)
 *
 * Any shape. Source: Qin et al. 2020, "Forward and Backward Information Retention" (IR-Net). See
 * `edeSharpness`.
 *
 * @param t greater than 0
 * @throws InputError for another t
 */
export function edeSign<T extends tf.Tensor>(x: T, t: number): T {
  if (!(t > 0 && Number.isFinite(t))) {
    throw new InputError(`edeSign: the sharpness t must be a finite number above 0, got ${t}.`);
  }
  return shapedSign(x, t);
}

/**
 * A clamp that leaks, for pre-training in full precision before the sign replaces it.
 *
 * f(x) = x for |x| ≤ 1, else 0.1·x + 0.9·sign(x)
 *
 * df/dx = 1 for |x| ≤ 1, else 0.1
 *
 * Any shape. Source: Liu et al. 2018, "Bi-Real Net", initialisation by pre-training.
 */
export function leakyClip<T extends tf.Tensor>(x: T): T {
  return differentiable<T>([x], () => {
    // clamped + 0.1·(x − clamped) is the same function, exact inside the window and without a selection.
    const clamped = tf.clipByValue(x, -1, 1);
    return {
      value: tf.add<T>(clamped, tf.mul(0.1, tf.sub(x, clamped))),
      saved: [x],
      gradients: (dy, [input]) => [insideUnit(input as T, dy, tf.mul<T>(dy, 0.1))],
    };
  });
}

/**
 * The clamp to [−1, 1], the last step of pre-training before the sign.
 *
 * f(x) = max(−1, min(1, x))
 *
 * df/dx = 1 for |x| ≤ 1, else 0
 *
 * Any shape. Source: Liu et al. 2018, "Bi-Real Net", initialisation by pre-training.
 */
export function hardClamp<T extends tf.Tensor>(x: T): T {
  return differentiable<T>([x], () => ({
    value: tf.clipByValue(x, -1, 1),
    saved: [x],
    gradients: (dy, [input]) => [insideUnit(input as T, dy, tf.zerosLike(dy))],
  }));
}

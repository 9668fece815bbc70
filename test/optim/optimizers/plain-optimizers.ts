/** The optimizers as plain loops in float64, each from its paper. */

/** One step: moves `w` along `g`, both in float64; `t` counts from 1. */
export type PlainStep = (w: number[], g: readonly number[], lr: number, t: number) => void;

interface PlainOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly gamma?: number;
  readonly threshold?: number;
  readonly weightDecay?: number;
}

/** Kingma and Ba 2015, algorithm 1, with λw in the gradient (`coupled`) or taken off the weight beside it. */
function adamStep(options: PlainOptions, coupled: boolean): PlainStep {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = coupled ? 0 : 0.01 } = options;
  const m: number[] = [];
  const v: number[] = [];
  return (w, g, lr, t) => {
    w.forEach((old, i) => {
      const gradient = g[i] + (coupled ? weightDecay * old : 0);
      m[i] = beta1 * (m[i] ?? 0) + (1 - beta1) * gradient;
      v[i] = beta2 * (v[i] ?? 0) + (1 - beta2) * gradient ** 2;
      const step = m[i] / (1 - beta1 ** t) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon);
      w[i] = old - lr * step - (coupled ? 0 : lr * weightDecay * old);
    });
  };
}

export const plainAdam = (options: PlainOptions): PlainStep => adamStep(options, true);

/** Loshchilov and Hutter 2019, algorithm 2. */
export const plainAdamW = (options: PlainOptions): PlainStep => adamStep(options, false);

/** The equations in the documentation of torch.optim.SGD, without dampening. */
export function plainSGD({ momentum = 0.9, nesterov = false, weightDecay = 0 }: PlainOptions): PlainStep {
  const buffer: number[] = [];
  return (w, g, lr, t) => {
    w.forEach((old, i) => {
      const gradient = g[i] + weightDecay * old;
      buffer[i] = t === 1 ? gradient : momentum * buffer[i] + gradient;
      w[i] = old - lr * (nesterov ? gradient + momentum * buffer[i] : buffer[i]);
    });
  };
}

/** Helwegen et al. 2019, algorithm 1. */
export function plainBop({ gamma = 1e-4, threshold = 1e-8 }: PlainOptions): PlainStep {
  const m: number[] = [];
  return (w, g) => {
    w.forEach((old, i) => {
      m[i] = (1 - gamma) * (m[i] ?? 0) + gamma * g[i];
      const strong = Math.abs(m[i]) > threshold;
      const sameSign = old >= 0 === m[i] >= 0;
      if (strong && sameSign) w[i] = -old;
    });
  };
}

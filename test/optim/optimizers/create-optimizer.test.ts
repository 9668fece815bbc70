import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../../ops/operation-runs.js';
import { createOptimizer, optimizerNames } from '../../../src/optim/optimizers/create-optimizer.js';
import { Adam } from '../../../src/optim/optimizers/adam.js';
import { AdamW } from '../../../src/optim/optimizers/adamw.js';
import { Bop } from '../../../src/optim/optimizers/bop.js';
import { SGD } from '../../../src/optim/optimizers/sgd.js';

describe('createOptimizer', () => {
  it('makes each optimizer by its name, and Adam by none', () => {
    const made = optimizerNames.map((name) => createOptimizer({ name }));
    expect(made.map(({ constructor }) => constructor)).toEqual([Adam, AdamW, SGD, Bop]);
    expect(createOptimizer({})).toBeInstanceOf(Adam);
  });

  it.each<[string, object]>([
    ["the optimizer 'adm' is unknown; expected one of adam, adamw, sgd, bop.", { name: 'adm' }],
    [
      "the optimizer 'adam' does not take the option 'momentum'; it takes beta1, beta2, epsilon, weightDecay, clipLatent.",
      { momentum: 0.9 },
    ],
    [
      "the optimizer 'sgd' does not take the option 'beta1'; it takes momentum, nesterov, weightDecay, clipLatent.",
      { name: 'sgd', beta1: 0.9 },
    ],
    [
      "the optimizer 'bop' does not take the option 'clipLatent'; it takes gamma, threshold, beta1, beta2, epsilon, weightDecay.",
      { name: 'bop', clipLatent: true },
    ],
    ["SGD's momentum must be a number in [0, 1), got 1.", { name: 'sgd', momentum: 1 }],
    [
      "SGD's nesterov looks ahead by the momentum, which is 0; expected it above 0.",
      { name: 'sgd', momentum: 0, nesterov: true },
    ],
    ["SGD's weightDecay must be a finite number of at least 0, got -1.", { name: 'sgd', weightDecay: -1 }],
    [
      "AdamW's weightDecay must be a finite number of at least 0, got NaN.",
      { name: 'adamw', weightDecay: NaN },
    ],
    ["AdamW's beta1 must be a number in [0, 1), got 1.", { name: 'adamw', beta1: 1 }],
    ["Bop's gamma must be a number in (0, 1], got 0.", { name: 'bop', gamma: 0 }],
    ["Bop's threshold must be a finite number of at least 0, got -1e-8.", { name: 'bop', threshold: -1e-8 }],
    ["Bop's epsilon must be a finite number above 0, got 0.", { name: 'bop', epsilon: 0 }],
  ])('refuses: %s', (message, settings) => {
    expectRefusal(message, () => createOptimizer(settings));
  });

  it('names the optimizers that take an option', () => {
    expect(() => createOptimizer({ clipLatent: true, name: 'bop' })).toThrow(
      expect.objectContaining({
        fix: 'leave clipLatent out, or choose the optimizer adam or adamw or sgd',
      }) as Error,
    );
  });

  it('suggests the nearest name', () => {
    expect(() => createOptimizer({ name: 'adm' as 'adam' })).toThrow(
      expect.objectContaining({ nearest: ['adam', 'adamw'] }) as Error,
    );
  });
});

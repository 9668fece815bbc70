import { isWeighed } from '../../src/losses/loss-weight.js';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import {
  checkLossSettings,
  defaultLosses,
  lossSettings,
  parseLossFlag,
} from '../../src/losses/loss-settings.js';

function refusal(call: () => unknown): InputError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error('nothing was refused');
}

const names = defaultLosses.map(({ name }) => name);

describe('parseLossFlag', () => {
  it.each([
    ['kl=1,T=4', { name: 'kl', weight: 1, options: { T: 4 } }],
    ['kl=0.5,T=1.5', { name: 'kl', weight: 0.5, options: { T: 1.5 } }],
    ['kl=2', { name: 'kl', weight: 2, options: { T: 4 } }],
    ['features=0', { name: 'features', weight: 0, options: {} }],
    ['attention=1e3', { name: 'attention', weight: 1000, options: {} }],
    ['refinery=1', { name: 'refinery', weight: 1, options: {} }],
    ['crossEntropy=1', { name: 'crossEntropy', weight: 1, options: { epsilon: 0.1 } }],
    [' crossEntropy = 1 , epsilon = 0 ', { name: 'crossEntropy', weight: 1, options: { epsilon: 0 } }],
    ['center=0.003', { name: 'center', weight: 0.003, options: { rate: 0.5 } }],
  ])('reads "%s"', (text, setting) => {
    expect(parseLossFlag(text)).toEqual(setting);
  });

  it.each([
    ['', 'loss "" is not of the form name=weight: "" has no name and value'],
    ['kl', 'loss "kl" is not of the form name=weight: "kl" has no name and value'],
    ['kl=', 'loss "kl=" is not of the form name=weight: "kl=" has no name and value'],
    ['kl=1=2', 'loss "kl=1=2" is not of the form name=weight: "kl=1=2" has no name and value'],
    ['kl=1,T', 'loss "kl=1,T" is not of the form name=weight: "T" has no name and value'],
    ['kl=1,', 'loss "kl=1," is not of the form name=weight: "" has no name and value'],
    ['kl=much', 'loss "kl=much" expects a finite number, but got "much"'],
    ['kl=Infinity', 'loss "kl=Infinity" expects a finite number, but got "Infinity"'],
    ['kl=-1', 'the weight of loss kl must be at least 0, but is -1'],
    ['kl=1,T=0', 'loss kl expects a temperature greater than 0, but got 0'],
    ['kl=1,T=x', 'loss "kl=1,T=x" expects a finite number, but got "x"'],
    ['kl=1,T=2,T=3', 'loss "kl=1,T=2,T=3" gives the option T twice'],
    [
      'crossEntropy=1,epsilon=1',
      'loss crossEntropy expects an epsilon from 0 up to but not including 1, but got 1',
    ],
    ['kl=1,epsilon=0.1', 'unknown option "epsilon" of loss kl; it has T'],
    ['features=1,T=4', 'unknown option "T" of loss features; it has none'],
    ['ce=1', `unknown loss "ce"; known are ${names.join(', ')}`],
    ['toString=1', `unknown loss "toString"; known are ${names.join(', ')}`],
    ['kl=1,toString=1', 'unknown option "toString" of loss kl; it has T'],
  ])('refuses "%s"', (text, message) => {
    expect(refusal(() => parseLossFlag(text)).message).toBe(message);
  });

  it.each([
    ['feature=1', ['features']],
    ['crossentropy=1', ['crossEntropy']],
    ['crossEntropy=1,epsilom=0.1', ['epsilon']],
    ['kl=1,t=4', ['T']],
  ])('"%s": names the nearest', (text, nearest) => {
    expect(refusal(() => parseLossFlag(text)).nearest).toEqual(nearest);
  });

  it('says how to write a term', () => {
    expect(refusal(() => parseLossFlag('kl')).fix).toBe(
      'write it as name=weight[,option=value], for example kl=1,T=4',
    );
  });
});

describe('lossSettings', () => {
  it('is kl at T=4, features and smoothed cross-entropy when nothing is asked', () => {
    expect(lossSettings().filter(({ weight }) => isWeighed(weight))).toEqual([
      { name: 'kl', weight: 1, options: { T: 4 } },
      { name: 'features', weight: 1, options: {} },
      { name: 'crossEntropy', weight: 1, options: { epsilon: 0.1 } },
    ]);
  });

  it('puts what is given in the place of the default and keeps the rest', () => {
    const settings = lossSettings(['features=0', 'refinery=2']);
    expect(settings.map(({ name }) => name)).toEqual(names);
    expect(settings.flatMap(({ name, weight }) => (isWeighed(weight) ? [[name, weight]] : []))).toEqual([
      ['kl', 1],
      ['refinery', 2],
      ['crossEntropy', 1],
    ]);
  });

  it('refuses a loss given twice', () => {
    expect(refusal(() => lossSettings(['kl=1', 'features=0', 'kl=2,T=1'])).message).toBe(
      'loss kl is given twice: "kl=1" and "kl=2,T=1"',
    );
  });

  it('refuses kl at T=1 beside refinery, and only then', () => {
    expect(refusal(() => lossSettings(['kl=1,T=1', 'refinery=0.5'])).message).toBe(
      'kl at T=1 and refinery are the same loss and would count twice',
    );
    for (const flags of [['kl=1,T=2', 'refinery=1'], ['kl=0,T=1', 'refinery=1'], ['kl=1,T=1']]) {
      expect(lossSettings(flags)).toHaveLength(names.length);
    }
  });

  it('refuses a run without any weight', () => {
    expect(refusal(() => checkLossSettings([{ name: 'kl', weight: 0, options: { T: 4 } }])).message).toBe(
      'no loss has a weight greater than 0, so there is nothing to train on',
    );
    expect(() => lossSettings(['kl=0', 'features=0', 'crossEntropy=0'])).toThrow(InputError);
  });
});

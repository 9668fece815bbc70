import { expect, it } from 'vitest';
import * as library from '../../src/index.js';
import { defaultLosses, parseLossFlag } from '../../src/losses/loss-settings.js';
import { defaultTerms, lossesWithoutTeacher, lossTable } from '../../src/losses/loss-table.js';

it.each(lossTable().map((row) => [row.name, row] as const))('the documentation of %s is whole', (_, row) => {
  for (const text of [row.description, row.formula, row.source]) expect(text.length).toBeGreaterThan(3);
  expect(row.needs.length).toBeGreaterThan(0);
  if (row.library !== '') expect(library).toHaveProperty(row.library.slice(0, row.library.indexOf('(')));
  for (const { range, description } of row.options) {
    expect(range).not.toBe('that is finite');
    expect(description.length).toBeGreaterThan(3);
  }
});

it('has the losses in the order in which they are reported', () => {
  expect(lossTable().map(({ name }) => name)).toEqual(defaultLosses.map(({ name }) => name));
  expect(lossTable()[0]).toMatchObject({
    name: 'kl',
    needs: ['teacher'],
    weight: 1,
    options: [{ key: 'T', default: 4, range: 'greater than 0' }],
  });
});

it('the default terms are written as flags take them', () => {
  expect(defaultTerms()).toBe('kl=1,T=4 features=1 crossEntropy=1,epsilon=0.1');
  const terms = defaultTerms().split(' ').map(parseLossFlag);
  expect(terms).toEqual(defaultLosses.filter(({ weight }) => weight > 0));
});

it('knows which losses train without a teacher', () => {
  expect(lossesWithoutTeacher()).toContain('center');
  expect(lossesWithoutTeacher()).not.toContain('kl');
});

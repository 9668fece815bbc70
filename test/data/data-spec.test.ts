import { describe, expect, it } from 'vitest';
import { dataForms, loadDataset, parseDataSpec, registerDataKind } from '../../src/data/data-spec.js';
import { InputError } from '../../src/errors.js';
import { randomDataset } from './images.js';

describe('parseDataSpec', () => {
  it.each([
    { spec: 'cifar10:/data/cifar', name: 'cifar10', argument: '/data/cifar' },
    { spec: 'cifar100:../c:d', name: 'cifar100', argument: '../c:d' },
    { spec: 'cifar10-sample', name: 'cifar10-sample', argument: '' },
  ])('understands $spec', ({ spec, name, argument }) => {
    expect(parseDataSpec(spec)).toMatchObject({ name, argument });
  });

  const wrong: { spec: string; message: string; nearest?: string; fix: string }[] = [
    {
      spec: 'cifar01:/data',
      message:
        'unknown kind of data "cifar01"; data is one of cifar10:<folder>, cifar100:<folder>, imagefolder:<folder>, cifar10-sample',
      nearest: 'cifar10',
      fix: 'write `data: <kind>:<folder>`',
    },
    {
      spec: '/data/cifar',
      message: 'unknown kind of data "/data/cifar"; data is one of cifar10:<folder>',
      fix: 'write `data: <kind>:<folder>`',
    },
    {
      spec: 'cifar10',
      message: 'the data "cifar10" names no folder; expected cifar10:<folder>',
      fix: 'write `data: cifar10:<folder>`',
    },
    {
      spec: 'cifar100:',
      message: 'the data "cifar100:" names no folder; expected cifar100:<folder>',
      fix: 'write `data: cifar100:<folder>`',
    },
    {
      spec: 'cifar10-sample:/data',
      message: 'the data "cifar10-sample" takes no folder, got "cifar10-sample:/data"',
      fix: 'write `data: cifar10-sample`',
    },
  ];
  it.each(wrong)('refuses $spec', async ({ spec, message, nearest, fix }) => {
    const error: unknown = await loadDataset(spec, 'test').catch((cause: unknown) => cause);
    if (!(error instanceof InputError)) throw new Error('it was not refused with an InputError');
    expect(error.message).toContain(message);
    expect(error.nearest[0]).toBe(nearest);
    expect(error.fix).toBe(fix);
  });
});

describe('registerDataKind', () => {
  it('adds a kind that specs and messages know', async () => {
    const dataset = randomDataset(3);
    registerDataKind('random', {
      argument: 'file',
      load: (argument, split) => Promise.resolve({ ...dataset, classes: [argument], split }),
    });
    expect(await loadDataset('random:x', 'test')).toMatchObject({ classes: ['x'], split: 'test' });
    expect(dataForms()).toContain('random:<file>');
  });
});

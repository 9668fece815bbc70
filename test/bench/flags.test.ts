import { describe, expect, it } from 'vitest';
import { oneOf, wholeNumber } from '../../bench/support/flags.js';
import { networksOf } from '../../bench/support/networks.js';
import { median } from '../../bench/support/statistics.js';
import { formatTable } from '../../bench/support/table.js';

describe('flags of a bench', () => {
  it.each(['0', '-1', '1.5', 'two', '', '1e99'])('refuse %s as a whole number', (text) => {
    expect(() => wholeNumber('--threads', text)).toThrow(
      `--threads must be a whole number from 1, got '${text}'.`,
    );
  });

  it('read numbers and names', () => {
    expect(wholeNumber('--threads', '12')).toBe(12);
    expect(oneOf('--net', 'b', ['a', 'b'])).toBe('b');
    expect(networksOf('--nets', 'resnet18,resnet20')).toEqual(['resnet18', 'resnet20']);
  });

  it('name what was expected', () => {
    expect(() => networksOf('--nets', 'resnet2')).toThrow(
      "--nets 'resnet2' is unknown; expected one of resnet20, resnet18.",
    );
    expect(() => networksOf('--nets', '')).toThrow('--nets names no network');
  });
});

describe('figures', () => {
  it('have a middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(3);
  });

  it('stand in columns', () => {
    expect(
      formatTable(
        ['name', 'ms'],
        [
          ['a', '1.25'],
          ['longer', '10'],
        ],
      ),
    ).toBe('name      ms\na       1.25\nlonger    10');
  });
});

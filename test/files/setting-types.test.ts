import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  expectedOf,
  innerType,
  listOf,
  mapOf,
  numberIn,
  oneOf,
  text,
  toggle,
  wholeNumber,
} from '../../src/files/setting-types.js';

describe('a kind of setting', () => {
  it.each<[what: string, type: z.ZodType, right: unknown[], wrong: unknown[]]>([
    ['a finite number of at least 0', numberIn({ from: 0 }), [0, 1e9], [-1e-9, NaN, Infinity, '1', null]],
    ['a finite number above 0', numberIn({ above: 0 }), [1e-9], [0, -1]],
    ['a number in [0, 1)', numberIn({ from: 0, below: 1 }), [0, 0.999], [1, -0.1]],
    ['a number in (0, 1]', numberIn({ above: 0, to: 1 }), [1, 0.001], [0, 1.1]],
    ['a whole number of at least 2', wholeNumber(2), [2, 300], [1, 2.5, '3']],
    ['an epoch of at least 1', wholeNumber(1, 'an epoch'), [1], [0]],
    ['a name', text('a name'), ['', 'x'], [1, null]],
    ['true or false', toggle(), [true, false], ['true', 0]],
    ['one of a, b', oneOf(['a', 'b']), ['a', 'b'], ['c', 1]],
    ['a map of width', mapOf({ width: numberIn({ above: 0 }) }), [{ width: 1 }], [1, []]],
  ])('%s takes what it says and refuses the rest in these words', (words, type, right, wrong) => {
    expect(expectedOf(type)).toBe(words);
    for (const value of right) expect(type.safeParse(value).success, String(value)).toBe(true);
    for (const value of wrong) {
      const { error } = type.safeParse(value);
      expect(error?.issues.map(({ message }) => message)).toContain(`expected ${words}`);
    }
  });

  it('says what it takes whatever allows it to be left out', () => {
    const type = wholeNumber(1).nullable().default(null).describe('a count');
    expect(expectedOf(type)).toBe('a whole number of at least 1');
    expect(innerType(z.exactOptional(listOf(type)))).toBeInstanceOf(z.ZodArray);
  });

  it('a map refuses other keys', () => {
    expect(mapOf({ a: toggle() }).safeParse({ a: true, b: 1 }).error?.issues[0].code).toBe(
      'unrecognized_keys',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { checkClasses } from '../../src/teacher/classes.js';

describe('checkClasses', () => {
  it('accepts the same names in the same order', () => {
    expect(() => checkClasses(['cat', 'dog'], ['cat', 'dog'])).not.toThrow();
  });

  it.each([
    [['cat', 'dog'], ['cat', 'dog', 'frog'], 'the teacher knows 2 classes and the data set has 3'],
    [['cat', 'dog', 'a'], ['cat', 'cow', 'b'], 'class 1 is "dog" for the teacher and "cow" in the data set'],
  ])('names the first difference of %j and %j', (teacher, dataset, message) => {
    expect(() => checkClasses(teacher, dataset)).toThrow(InputError);
    expect(() => checkClasses(teacher, dataset)).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { completeOptions } from '../../src/optim/options.js';
import { createOptimizer, optimizers } from '../../src/optim/optimizers/create-optimizer.js';
import { createSchedule, schedules } from '../../src/optim/schedules/create-schedule.js';

const definitions = [
  ...optimizers.map((definition) => ({ kind: 'optimizer', ...definition })),
  ...schedules.map((definition) => ({ kind: 'schedule', ...definition })),
];

describe('definitions of optimizers and schedules', () => {
  it.each(definitions)('the $kind $name says all that recipes need', ({ name, description, options }) => {
    expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
    expect(description).toMatch(/^[A-Z].*[^.]$/);
    for (const [option, type] of Object.entries<z.ZodType>(options)) {
      expect(type.description, option).toMatch(/^[A-Z].*[^.]$/);
      // A default out of its range would be refused where a recipe writes it down.
      const [value] = Object.values(completeOptions(name, { [option]: type }, {}));
      expect(type.safeParse(value).success, option).toBe(true);
    }
  });

  it('each kind has each name once', () => {
    for (const names of [optimizers, schedules].map((all) => all.map(({ name }) => name)))
      expect(new Set(names).size).toBe(names.length);
  });

  it('each can be made by its name alone', () => {
    for (const { name } of optimizers) createOptimizer({ name }).dispose();
    for (const { name } of schedules) expect(createSchedule({ name, lr: 1, epochs: 2 })(0)).toBe(1);
  });
});

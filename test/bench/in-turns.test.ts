import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckoutBench } from '../../bench/support/checkout.js';
import { compared, ratioText } from '../../bench/support/in-turns.js';
import { RunError } from '../../src/errors.js';

describe('what two checkouts measured in turns', () => {
  it('gives medians, and the ratio of the rounds with its spread', () => {
    const sides = { ours: [10, 20, 40], theirs: [11, 18, 48] };
    const times = compared(sides, (ms) => ms);
    expect(times).toEqual({ ours: 20, theirs: 18, ratio: 1.1, least: 0.9, greatest: 1.2 });
    expect(ratioText(times)).toBe('1.100 (0.900 to 1.200)');
  });
});

describe('the bench of a checkout', () => {
  let checkout: string;
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'checkout-'));
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  const write = (path: string, text: string): void => {
    mkdirSync(join(checkout, path, '..'), { recursive: true });
    writeFileSync(join(checkout, path), text);
  };

  it('is refused where the checkout lacks it or is not built', () => {
    expect(() => new CheckoutBench(checkout, 'own-step')).toThrow(/has no bench\/own-step\.ts/);
    write('bench/own-step.ts', '');
    expect(() => new CheckoutBench(checkout, 'own-step')).toThrow(
      /is not built: .*bnn_distill\.node is missing/,
    );
  });

  it('runs with the sources, packages and addon of its checkout', () => {
    write('src/name.ts', 'export const name: string = "sources";');
    write('node_modules/part/package.json', '{ "type": "module", "exports": "./part.js" }');
    write('node_modules/part/part.js', 'export const part = "packages";');
    write('native/build/bnn_distill.node', '');
    write(
      'bench/own-step.ts',
      `import { part } from 'part';
       import { name } from '../src/name.js';
       const [, , argument] = process.argv;
       if (argument === 'fail') throw new Error('nothing to measure');
       console.log(JSON.stringify([argument, name, part, process.env.BNN_DISTILL_ADDON]));`,
    );
    const bench = new CheckoutBench(checkout, 'own-step');
    try {
      const addon = join(checkout, 'native/build/bnn_distill.node');
      expect(bench.run(['x'])).toEqual(['x', 'sources', 'packages', addon]);
      expect(() => bench.run(['fail'])).toThrow(RunError);
    } finally {
      bench.dispose();
    }
  });
});

import { expect, it } from 'vitest';
import { backends } from '../backends.js';
import { runFuzz } from './run-fuzz.js';

it.skipIf(!backends.includes('native'))(
  'no function of the addon faults, whatever it is called with (needs the addon)',
  async () => {
    const { taken, refused } = await runFuzz({ seed: 7, calls: 4000 });
    // Each refuses some calls; all but those that need a special one are taken at times.
    const names = [...new Set([...Object.keys(taken), ...Object.keys(refused)])];
    expect(names.filter((name) => !taken[name])).toEqual(['measureFmaPeak']);
  },
);

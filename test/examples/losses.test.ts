import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { backends } from '../backends.js';
import { start } from '../cli/distill.js';

const example = fileURLToPath(new URL('../../examples/losses.mjs', import.meta.url));

describe('examples/losses.mjs', () => {
  it.skipIf(!backends.includes('native'))('teaches its student (needs the addon)', async () => {
    const { code, stdout, stderr } = await start(process.execPath, [example]).ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const losses = [...stdout.matchAll(/^step \d+ {2}loss (\S+)$/gm)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(4);
    expect(losses[3]).toBeLessThan(losses[0] / 4);
    const agreement = Number(/agrees with the teacher on (\S+) %/.exec(stdout)![1]);
    expect(agreement).toBeGreaterThan(75);
  });
});

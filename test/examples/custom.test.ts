import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSafetensors } from '../../src/files/safetensors.js';
import { backends } from '../backends.js';
import { distill } from '../cli/distill.js';
import { scratchFolder } from '../files/scratch.js';

const folder = scratchFolder();
const recipe = fileURLToPath(new URL('../../examples/custom-recipe.yaml', import.meta.url));

describe.skipIf(!backends.includes('native'))('examples/custom-recipe.yaml (needs the addon)', () => {
  it('trains with a loss, a block and data that register themselves', async () => {
    const out = join(folder, 'run');
    const { code, stdout, stderr } = await distill(['--recipe', recipe, '--out', out]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('of stripes');
    // The stripes are easy: a run that learns nothing has a quarter of them right.
    const [, top1] = /student {2}test top-1 (\S+) %/.exec(stdout)!;
    expect(Number(top1)).toBeGreaterThan(40);
    const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    const terms = lines.flatMap((line) => {
      const {
        event,
        stage,
        terms: given,
      } = JSON.parse(line) as { event: string; stage: string; terms: object };
      return event === 'step' ? [`${stage} ${Object.keys(given).join()}`] : [];
    });
    expect(new Set(terms)).toEqual(new Set(['labels crossEntropy', 'logits crossEntropy,logitMatching']));
    const evaluated = await distill(['config', join(out, 'recipe.yaml')]);
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const { imports, student } = parse(evaluated.stdout) as { imports: string[]; student: object };
    expect(imports).toHaveLength(3);
    expect(student).toMatchObject({ name: 'bnn-resnet20', block: 'plain' });
  });

  it('trains with an attention that registers itself, which its checkpoint names', async () => {
    const out = join(folder, 'attention');
    const own = recipe.replace('custom-recipe', 'custom-attention');
    const { code, stderr } = await distill(['--recipe', own, '--out', out]);
    expect(code, stderr).toBe(0);
    const { metadata, tensors } = await readSafetensors(join(out, 'best.safetensors'));
    expect(metadata).toMatchObject({ attention: 'brightness' });
    const moved = [...tensors].filter(([name]) => name.endsWith('attention.weight'));
    expect(moved).toHaveLength(18);
    for (const [name, { values }] of moved)
      expect(
        values.some((value) => value !== 0),
        name,
      ).toBe(true);
  });
});

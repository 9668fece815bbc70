import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultRecipe } from '../../src/recipe/default-recipe.js';
import type { RunEvent } from '../../src/run/run-events.js';
import { stagedRuns, tensorsOf } from './staged-runs.js';

const { staged, run } = stagedRuns();
const student = { ...defaultRecipe.student, name: 'resnet20' };

it('a full-precision network learns from a bigger teacher: logits, feature maps and labels', async () => {
  const losses = {
    kl: { weight: 1, T: 4 },
    features: { weight: 1 },
    crossEntropy: { weight: 1, epsilon: 0.1 },
  };
  const optimizer = { name: 'sgd', lr: 0.05, momentum: 0.9, nesterov: true } as const;
  const stages = staged({ losses, optimizer }, { activation: 'leakyClip' }, { activation: 'hardClamp' });
  const { events, directory, summary } = await run({ ...stages, student });
  const shown = events.find(
    (event): event is Extract<RunEvent, { kind: 'stage' }> => event.kind === 'stage',
  )!;
  expect(shown.pairs.map(({ level }) => level)).toEqual([1, 2]);
  expect(summary.stages.map(({ name }) => name)).toEqual(['stage-1', 'stage-2', 'stage-3']);
  const steps = readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; terms: object })
    .filter(({ event }) => event === 'step');
  const terms = steps.map((step) => Object.keys(step.terms).join());
  expect(new Set(terms)).toEqual(new Set(['kl,features,crossEntropy', 'kl,crossEntropy']));
  // Each stage goes on from the one before.
  const [first, last] = [
    await tensorsOf(directory, 'stages/stage-1/best.safetensors'),
    await tensorsOf(directory, 'best.safetensors'),
  ];
  expect([...last.keys()]).toEqual([...first.keys()]);
  const name = 'blocks.4.conv1.filter';
  const apart = last.get(name)!.map((value, i) => Math.abs(value - first.get(name)![i]));
  expect(Math.max(...apart)).toBeGreaterThan(0);
  const norm = Math.hypot(...first.get(name)!);
  expect(Math.hypot(...apart)).toBeLessThan(0.5 * norm);
});

it('a run of a full-precision network repeats bit for bit', async () => {
  const recipe = {
    ...staged({ losses: { crossEntropy: { weight: 1, epsilon: 0 } }, teacher: null }),
    student,
  };
  const [a, b] = [await run(recipe), await run({ ...recipe, threads: 1 })];
  expect(existsSync(join(a.directory, 'best.safetensors'))).toBe(true);
  expect(await tensorsOf(b.directory, 'last.safetensors')).toEqual(
    await tensorsOf(a.directory, 'last.safetensors'),
  );
});

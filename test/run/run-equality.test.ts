import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { firstRunDifference } from '../../src/run/run-equality.js';
import { scratchFolder } from '../files/scratch.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);

function writeRun(path: string): void {
  mkdirSync(join(path, 'stages/one'), { recursive: true });
  for (const name of ['best.safetensors', 'last.safetensors', 'stages/one/best.safetensors'])
    writeFileSync(join(path, name), `tensors of ${name}`);
  const lines = [
    { event: 'step', epoch: 1, step: 1, loss: 2.5, studentMs: 3, imagesPerSecond: 9 },
    { event: 'epoch', epoch: 1, trainLoss: 2.5, seconds: 7, memoryMiB: 300 },
  ];
  writeFileSync(join(path, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

it.each<[what: string, change: (run: string) => void, said: string | undefined]>([
  ['nothing', () => undefined, undefined],
  [
    'times and memory',
    (run) => {
      const path = join(run, 'metrics.jsonl');
      const text = readFileSync(path, 'utf8')
        .replace('"studentMs":3', '"studentMs":4')
        .replace(':300', ':400');
      writeFileSync(path, text);
    },
    undefined,
  ],
  [
    'a loss',
    (run) => {
      const path = join(run, 'metrics.jsonl');
      writeFileSync(path, readFileSync(path, 'utf8').replace('"loss":2.5', '"loss":2.25'));
    },
    'the first difference in the metrics is in line 1 (step of epoch 1, step 1)',
  ],
  [
    'a line more',
    (run) => {
      appendFileSync(join(run, 'metrics.jsonl'), '{"event":"epoch","epoch":2}\n');
    },
    'the first difference in the metrics is in line 3 (epoch of epoch 2)',
  ],
  [
    'a student',
    (run) => {
      appendFileSync(join(run, 'last.safetensors'), 'x');
    },
    'the tensors in last.safetensors differ',
  ],
  [
    'a missing student',
    (run) => {
      rmSync(join(run, 'stages/one/best.safetensors'));
    },
    'only one of them has stages/one/best.safetensors',
  ],
])('tells %s', async (what, change, said) => {
  const [one, other] = [at('one'), at(what.replaceAll(' ', '-'))];
  writeRun(one);
  cpSync(one, other, { recursive: true });
  change(other);
  expect(await firstRunDifference(one, other)).toBe(said);
});

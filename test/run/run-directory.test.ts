import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '../../src/errors.js';
import { RunDirectory } from '../../src/run/run-directory.js';
import { scratchFolder } from '../files/scratch.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('RunDirectory', () => {
  it('makes its folder and parents, or takes an empty one', async () => {
    const made = await RunDirectory.create(at('a/b'), 'student');
    expect(made.path).toBe(at('a/b'));
    expect((await RunDirectory.create(at('a/b'), 'student')).path).toBe(at('a/b'));
  });

  it('refuses a folder that holds something', async () => {
    mkdirSync(at('full'));
    writeFileSync(at('full/file'), '');
    const error: unknown = await RunDirectory.create(at('full'), 'student').catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe(`the output directory ${at('full')} exists and is not empty.`);
    expect((error as InputError).fix).toContain(`rm -r ${at('full')}`);
  });

  it('refuses a file', async () => {
    writeFileSync(at('file'), '');
    await expect(RunDirectory.create(at('file'), 'student')).rejects.toThrow(
      `cannot write ${at('file')}: a part of this path is a file`,
    );
  });

  it('writes recipe and summary whole', async () => {
    const run = await RunDirectory.create(at('run'), 'student');
    await run.writeRecipe('seed: 3\n');
    await run.writeSummary({ bestEpoch: 3 });
    expect(readFileSync(at('run/recipe.yaml'), 'utf8')).toBe('seed: 3\n');
    expect(JSON.parse(readFileSync(at('run/summary.json'), 'utf8'))).toEqual({ bestEpoch: 3 });
    const { best } = await run.students('one');
    expect(best).toBe(at('run/stages/one/best.safetensors'));
    expect(await run.students(undefined)).toEqual({ best: run.file('best'), last: run.file('last') });
  });
});

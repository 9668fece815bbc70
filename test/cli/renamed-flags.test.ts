import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allCommands, createProgram, pathOf } from '../../src/cli/program.js';
import { runInProcess } from './in-process.js';

const migrating = readFileSync(new URL('../../docs/migrating.md', import.meta.url), 'utf8');

describe('the old name of a flag', () => {
  const old = allCommands(createProgram(new AbortController().signal)).flatMap((command) =>
    command.options
      .filter(({ hidden }) => hidden)
      .map(({ long, description }) => [pathOf(command), long!, description] as const),
  );

  it.each(old)('%s %s stands in docs/migrating.md', (path, long, description) => {
    const now = description.split(' ').at(-1);
    expect(migrating).toMatch(new RegExp(`^\\| \`${path} ${long}\` +\\| \`${path} ${now}\` +\\|$`, 'm'));
  });

  it('does what the new one does, with a hint', async () => {
    const hint = 'distill: --model is called --student now; the old name is accepted until 0.3.\n';
    const now = await runInProcess(['teach', '--student', 'resnet21']);
    expect(now).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'resnet21' is unknown") as string,
    });
    expect(await runInProcess(['teach', '--model', 'resnet21'])).toEqual({
      ...now,
      stderr: `${hint}${now.stderr}`,
    });
  });
});

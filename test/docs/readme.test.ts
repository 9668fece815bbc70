import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';
import { loadCard } from '../../src/teacher/card.js';
import { repositoryFile } from '../../scripts/support/generated-parts.js';
import { backends } from '../backends.js';
import { distill, scratchFolder } from '../cli/distill.js';
import { writeTinyCifar } from '../cli/tiny-cifar.js';
import { wordsOf } from './commands.js';
import { readDocument } from './markdown.js';

const readme = readDocument('README.md');

it.each([
  ['README.md', 150],
  ['ARCHITECTURE.md', 200],
])('%s has at most %i lines', (path, most) => {
  expect(readDocument(path).text.trimEnd().split('\n').length).toBeLessThanOrEqual(most);
});

it('accuracies are those that recipes and the card of the teacher state', async () => {
  const [table] = readme.tables;
  for (const [, top1, recipe] of table.rows) {
    const name = recipe.text.replaceAll('`', '');
    const stated =
      name === ''
        ? `${(await loadCard(repositoryFile('teachers/cifar10-resnet20.yaml'))).expectedTop1} %`
        : (await resolveRecipe({ recipe: name })).recipe.measured;
    expect(stated).toContain(top1.text);
  }
});

// They need one another: the second evaluates what the first trained.
describe.skipIf(!backends.includes('native'))('the five commands (need the addon)', () => {
  const folder = scratchFolder();
  const section = readme.text.split(/^## /m).find((part) => part.startsWith('Five commands'))!;
  const commands = /```sh\n([^]*?)\n```/.exec(section)![1].split('\n');

  it('are five', () => {
    expect(commands).toHaveLength(5);
  });

  it.each(commands)('%s', async (command) => {
    const data = join(folder, 'data');
    await writeTinyCifar(data);
    const args = wordsOf(command).slice(2);
    // Few images and one epoch show that a command works.
    const isTraining = args.includes('--student');
    const { code, stderr } = await distill([...args, ...(isTraining ? ['--epochs', '1'] : [])], {
      cwd: folder,
      env: { DISTILL_DATA: `cifar10:${data}` },
    });
    expect(code, stderr).toBe(0);
  });
});

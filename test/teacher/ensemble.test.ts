import { copyFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTeacher, teacherNames } from '../../src/teacher/open-teacher.js';
import type { TeacherTargets } from '../../src/teacher/targets.js';
import { answer, expectClose, failure, identity, images, plain, teacherFile } from './teacher-cases.js';
import { residualNetwork, variantClasses, variantSize } from './residual-variants.js';
import { channelMeans } from './tiny-onnx.js';

const batch = images(4, variantSize, variantSize);
const member = (seed: number): string => teacherFile(residualNetwork({ seed }));
const options = { ...identity, threads: 1, classes: variantClasses };

describe('an ensemble', () => {
  const paths = [1, 2, 3].map(member);

  it('gives the mean of the logits, and the feature maps of the first', async () => {
    const alone: TeacherTargets[] = [];
    for (const path of paths) alone.push(await answer(path, batch, options));
    const ensemble = await openTeacher(paths.join(','), options);
    const { logits, features } = await ensemble.targets(batch);
    await ensemble.dispose();
    expect(ensemble.members.map(({ path }) => path)).toEqual(paths);
    expect(ensemble.classes).toEqual(variantClasses);
    expect(ensemble.taps.map(({ name }) => name)).toEqual(['level1', 'level2']);
    expectClose(
      logits,
      [...alone[0].logits].map((z, i) => (z + alone[1].logits[i] + alone[2].logits[i]) / 3),
    );
    expect(logits).not.toEqual(alone[0].logits);
    expect(features).toEqual(alone[0].features);
  });

  it('of one teacher is that teacher', async () => {
    const one = await openTeacher(paths[1], options);
    expect(one.members).toEqual([one]);
    expect((await one.targets(batch)).logits).toEqual((await answer(paths[1], batch, options)).logits);
    await one.dispose();
  });

  it('may be of a file whose name has a comma', async () => {
    const odd = join(dirname(paths[0]), 'a,b.onnx');
    copyFileSync(paths[0], odd);
    expect(await teacherNames(odd)).toEqual([odd]);
    expect(await teacherNames(`${paths[0]}, ${paths[1]}`)).toEqual([paths[0], paths[1]]);
  });

  it('is refused where a name is empty', async () => {
    expect((await failure(teacherNames('a.onnx,,b.onnx'))).message).toBe(
      'the list of teachers "a.onnx,,b.onnx" has an empty name between its commas',
    );
  });

  it.each([
    ['images of another size', channelMeans(['N', 3, 4, 4]), /take images of different sizes, 8×8 and 4×4$/],
    [
      'another number of classes',
      channelMeans(['N', 3, 8, 8]),
      /know different numbers of classes, 5 and 3$/,
    ],
  ])('is refused where one takes or knows %s', async (_, model, message) => {
    const other = teacherFile(model);
    const error = await failure(openTeacher(`${paths[0]},${other}`, { ...identity, threads: 1 }));
    expect(error.message).toMatch(message);
  });

  it('is refused where the classes differ', async () => {
    const input = `{ ${plain.replace('[4, 4]', '[8, 8]')} }`;
    const [a, b] = ['[a, b, c]', '[a, c, b]'].map((classes) =>
      teacherFile(channelMeans(['N', 3, 8, 8]), { input, lines: [`classes: ${classes}`] }),
    );
    const error = await failure(openTeacher(`${a},${b}`, { threads: 1 }));
    expect(error.message).toBe(`class 1 is "b" for the teacher ${a} and "c" for ${b}`);
  });

  it('is refused where one cannot be read, by its name', async () => {
    const broken = join(dirname(paths[0]), 'broken.onnx');
    writeFileSync(broken, 'nothing');
    expect((await failure(openTeacher(`${paths[0]},${broken}`, options))).message).toContain(broken);
  });
});

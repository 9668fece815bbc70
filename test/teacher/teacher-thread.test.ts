import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import { TeacherThread } from '../../src/teacher/teacher-thread.js';
import { images, teacherFile } from './teacher-cases.js';
import { channelMeans, residual } from './tiny-onnx.js';

const options = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.4, 0.3], threads: 1 };

describe('a teacher in a thread of its own', () => {
  it('answers as one in this thread, in the order of the questions, also with memory that was given back', async () => {
    const file = teacherFile(residual);
    const near = await OnnxTeacher.open(file, options);
    const far = await TeacherThread.open(file, options);
    expect(far.facts).toEqual(near.facts);
    expect(far.classes).toEqual(near.classes);
    expect(far.taps).toHaveLength(2);
    for (let round = 0; round < 3; round++) {
      const batches = [3, 1, 4, 1, 5].map((size, n) => images(size, 4, 4, 10 * round + n));
      const before = batches.map((batch) => batch.images.slice());
      const answers = await Promise.all(batches.map((batch) => far.targets(batch)));
      for (const [n, batch] of batches.entries()) {
        // The batch is still the caller's.
        expect(batch.images).toEqual(before[n]);
        expect(answers[n]).toEqual(await near.targets(batch));
      }
      answers.forEach((answer) => far.recycle(answer));
    }
    await Promise.all([near.dispose(), far.dispose()]);
    await expect(far.targets(images(1, 4, 4))).rejects.toThrow(/the thread that runs the teacher was ended/);
  });

  it('passes on why a teacher cannot be opened', async () => {
    const error = await TeacherThread.open('nowhere.onnx').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe('the model nowhere.onnx does not exist');
    const tapless = TeacherThread.open(teacherFile(residual), { ...options, taps: ['levle1'] });
    await expect(tapless).rejects.toMatchObject({
      nearest: ['level1'],
      fix: 'its taps are level1, level2',
    });
  });

  it('passes on why it cannot answer, and goes on', async () => {
    const teacher = await TeacherThread.open(teacherFile(channelMeans()), { ...options, taps: 'none' });
    await expect(teacher.targets(images(2, 5, 4))).rejects.toBeInstanceOf(InputError);
    await expect(teacher.targets(images(2, 4, 4))).resolves.toBeDefined();
    await teacher.dispose();
  });
});

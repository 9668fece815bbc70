import { stat } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { EnsembleTeacher } from './ensemble.js';
import { OnnxTeacher, type OnnxTeacherOptions } from './onnx-teacher.js';
import type { TargetSource } from './targets.js';
import type { TeacherFacts } from './teacher-facts.js';

/** A teacher that runs a model, or several models as one. */
export interface LiveTeacher extends TargetSource {
  /**
   * Its models; a single teacher has itself as the only one. The first gives the feature maps and the image
   * size.
   */
  readonly members: readonly OnnxTeacher[];
  /** The facts that are known without running it. */
  readonly facts: TeacherFacts;
}

/**
 * The teachers that a text names: one, or several with commas between them. A name that is a file's is one teacher
 * whatever commas it holds.
 * @throws {InputError} for an empty name in a list.
 */
export async function teacherNames(text: string): Promise<readonly string[]> {
  if (!text.includes(',') || (await stat(text).catch(() => undefined))) return [text];
  const names = text.split(',').map((name) => name.trim());
  if (names.includes(''))
    throw new InputError(`the list of teachers "${text}" has an empty name between its commas`, {
      fix: 'write `teacher: first.onnx,second.onnx`',
    });
  return names;
}

/**
 * Opens the teacher, or the ensemble of teachers, that a text names: see {@link OnnxTeacher.open} for each of them,
 * {@link EnsembleTeacher} for what several give. Only the first gives feature maps.
 * @throws {InputError} as these do.
 */
export async function openTeacher(text: string, options: OnnxTeacherOptions = {}): Promise<LiveTeacher> {
  const names = await teacherNames(text);
  if (names.length === 1) return OnnxTeacher.open(names[0], options);
  const members: OnnxTeacher[] = [];
  try {
    for (const name of names)
      members.push(
        await OnnxTeacher.open(name, members.length === 0 ? options : { ...options, taps: 'none' }),
      );
    return new EnsembleTeacher(members);
  } catch (error) {
    for (const member of members) await member.dispose();
    throw error;
  }
}

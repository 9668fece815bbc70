import type { Batch } from '../data/batch.js';
import { InputError } from '../errors.js';
import type { OnnxTeacher } from './onnx-teacher.js';
import type { Tap, TargetSource, TeacherTargets } from './targets.js';
import type { TeacherFacts } from './teacher-facts.js';

/**
 * Several teachers that answer as one. The logits are the mean of their logits. So the probabilities at every
 * temperature are the normalised geometric mean of theirs; Hinton, Vinyals and Dean 2015 suggest it next to
 * the arithmetic mean, whose logits would depend on the temperature. The feature maps are those of the first
 * teacher.
 */
export class EnsembleTeacher implements TargetSource {
  /**
   * @param members at least one; the first is opened with the wanted taps. They are disposed of with the
   *   ensemble
   * @throws InputError if two of them take images of different sizes or differ in their classes
   */
  constructor(readonly members: readonly OnnxTeacher[]) {
    const [first, ...others] = members;
    for (const other of others) {
      if (other.size.join() !== first.size.join())
        throw new InputError(
          `the teachers ${first.path} and ${other.path} take images of different sizes, ${first.size.join('×')} and ${other.size.join('×')}`,
        );
      checkSameClasses(first, other);
    }
  }

  get classes(): readonly string[] {
    return this.members[0].classes;
  }

  get taps(): readonly Tap[] {
    return this.members[0].taps;
  }

  /** The facts that are known without running it. */
  get facts(): TeacherFacts {
    const all = this.members.map(({ facts }) => facts);
    const [first] = all;
    const expected = all.map(({ expectedTop1 }) => expectedTop1 ?? NaN);
    const isKnown = all.every(({ dataset }) => dataset === first.dataset) && !expected.some(Number.isNaN);
    return {
      ...first,
      dataset: isKnown ? first.dataset : undefined,
      expectedTop1: isKnown ? Math.min(...expected) : undefined,
      models: all.flatMap(({ models }) => models),
    };
  }

  /** The teachers answer in turn, each with all threads. */
  async targets(batch: Batch): Promise<TeacherTargets> {
    const [first, ...others] = this.members;
    const { logits, features } = await first.targets(batch);
    const sums = Float64Array.from(logits);
    for (const other of others) {
      const more = await other.targets(batch);
      for (let i = 0; i < sums.length; i++) sums[i] += more.logits[i];
      other.recycle(more);
    }
    for (let i = 0; i < sums.length; i++) logits[i] = sums[i] / this.members.length;
    return { logits, features };
  }

  recycle(targets: TeacherTargets): void {
    this.members[0].recycle(targets);
  }

  async dispose(): Promise<void> {
    for (const member of this.members) await member.dispose();
  }
}

function checkSameClasses(first: OnnxTeacher, other: OnnxTeacher): void {
  const fix = 'name the classes in the order of the logits in the card of each';
  if (first.classes.length !== other.classes.length)
    throw new InputError(
      `the teachers ${first.path} and ${other.path} know different numbers of classes, ${first.classes.length} and ${other.classes.length}`,
      { fix },
    );
  const at = first.classes.findIndex((name, index) => name !== other.classes[index]);
  if (at >= 0)
    throw new InputError(
      `class ${at} is "${first.classes[at]}" for the teacher ${first.path} and "${other.classes[at]}" for ${other.path}`,
      { fix },
    );
}

import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import type { Dataset } from '../data/dataset.js';
import type { Network } from '../models/network.js';
import { toBatchMajor } from '../ops/position-major.js';
import { normaliseFeatures } from './feature-map.js';
import type { Tap, TargetSource, TeacherTargets } from './targets.js';
import { loadStudent } from '../models/checkpoint.js';
import { studentInput } from '../models/student-input.js';

/**
 * A trained student as a teacher. It answers in evaluation mode: BatchNorm uses its running statistics and
 * does not change them.
 */
export class StudentTeacher implements TargetSource {
  readonly taps: readonly Tap[];
  readonly #wanted: ReadonlySet<number>;

  private constructor(
    private readonly student: Network,
    readonly classes: readonly string[],
    private readonly dataset: Dataset,
    withMaps: boolean,
  ) {
    const levels = Array.from({ length: withMaps ? student.levels : 0 }, (_, i) => i + 1);
    this.#wanted = new Set(levels);
    this.taps = levels.map((level) => ({
      name: `level${level}`,
      tensor: `level ${level} of ${student.name}`,
      level,
      shape: [...student.sizeOf(level, dataset.size), student.channelsOf(level)],
    }));
  }

  /**
   * @param path of a checkpoint
   * @param dataset the training images, for their size and normalisation
   * @param withMaps whether feature maps are wanted
   */
  static async open(path: string, dataset: Dataset, withMaps: boolean): Promise<StudentTeacher> {
    const { student, classes } = await loadStudent(path);
    return new StudentTeacher(student, classes, dataset, withMaps);
  }

  targets(batch: Batch): Promise<TeacherTargets> {
    const features = new Map<string, Float32Array>();
    let logits = new Float32Array();
    tidy(() => {
      const output = this.student.apply(studentInput(batch, this.dataset), false, this.#wanted);
      logits = Float32Array.from(output.logits.dataSync());
      for (const { name, level, shape } of this.taps)
        features.set(name, unitMap(output.features.get(level)!, batch.size, shape));
    });
    return Promise.resolve({ logits, features });
  }

  dispose(): Promise<void> {
    this.student.dispose();
    return Promise.resolve();
  }
}

function unitMap(map: Tensor4D, samples: number, shape: Tap['shape']): Float32Array {
  const nhwc = toBatchMajor(map).dataSync() as Float32Array;
  const into = new Float32Array(nhwc.length);
  normaliseFeatures(nhwc, samples, { shape, layout: 'nhwc' }, into, 0);
  return into;
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect } from 'vitest';
import { readSafetensors } from '../../src/files/safetensors.js';
import type { Recipe, Stage } from '../../src/recipe/recipe.js';
import type { RunEvent, RunSummary } from '../../src/run/run-events.js';
import { backends } from '../backends.js';
import { writeTinyCifar } from '../cli/tiny-cifar.js';
import { scratchFolder } from '../files/scratch.js';
import { tinyOnnx } from '../teacher/tiny-onnx.js';
import { oneStage, runToEnd } from './one-stage.js';
import { twoLevels } from '../training/tiny-teacher.js';

/** A run that came to its end. */
export interface Ran {
  readonly events: RunEvent[];
  readonly summary: RunSummary;
  readonly directory: string;
}

/** Runs of several stages in a scratch folder, with a tiny data set `data` and a teacher `teacher.onnx`. */
export interface StagedRuns {
  /** A path in the folder. */
  readonly at: (name: string) => string;
  /** A run directory that is not there yet. */
  readonly fresh: () => string;
  /** A recipe with a stage for each change; each has 1 epoch and the losses KL and cross-entropy unless it says otherwise. */
  readonly staged: (...changes: Partial<Stage>[]) => Recipe;
  /** Runs a recipe, and expects it to leave no tensor behind. */
  readonly run: (recipe: Recipe) => Promise<Ran>;
}

/** Makes the folder before the tests of a file and takes it away after them. */
export function stagedRuns(): StagedRuns {
  const folder = scratchFolder();
  const at = (name: string): string => join(folder, name);
  let runs = 0;
  const fresh = (): string => at(`run-${runs++}`);
  beforeAll(async () => {
    await writeTinyCifar(at('data'));
    writeFileSync(at('teacher.onnx'), tinyOnnx(twoLevels));
  });
  return {
    at,
    fresh,
    staged(...changes) {
      const base = oneStage({
        teacher: at('teacher.onnx'),
        mean: [0.5, 0.5, 0.5],
        std: [0.25, 0.25, 0.25],
        data: `cifar10:${at('data')}`,
        backend: backends.at(-1)!,
        threads: 2,
      });
      const common = {
        epochs: 1,
        batchSize: 45,
        losses: { kl: { weight: 1, T: 4 }, crossEntropy: { weight: 1, epsilon: 0.1 } },
      };
      const stages = changes.map((change, i) => ({
        ...base.stages[0],
        ...common,
        name: `stage-${i + 1}`,
        initFrom: i === 0 ? 'random' : 'previous',
        ...change,
      }));
      return { ...base, stages };
    },
    async run(recipe) {
      const directory = fresh();
      const { numTensors } = tf.memory();
      const [events, summary] = await runToEnd(recipe, { out: directory });
      expect(tf.memory().numTensors).toBe(numTensors);
      return { events, summary, directory };
    },
  };
}

/** The values of a checkpoint by the names of its tensors. */
export async function tensorsOf(...path: string[]): Promise<Map<string, number[]>> {
  const { tensors } = await readSafetensors(join(...path));
  return new Map([...tensors].map(([name, { values }]) => [name, [...values]]));
}

/** The latent weights of a binary convolution, as a checkpoint names them. */
export const latent = 'blocks.4.conv.latent';

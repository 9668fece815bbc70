import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { defineLoss, type LossState, type LossStateSize } from '../../src/losses/loss.js';
import { lossSettings } from '../../src/losses/loss-settings.js';
import { registerLoss } from '../../src/losses/registry.js';
import { backends, useTestBackend } from '../backends.js';
import { randomBatch, tinyTrainer } from './trainer-parts.js';

beforeAll(() => useTestBackend(backends.at(-1)!));

const sizes: LossStateSize[] = [];

/** A shift of the logits that gradient descent moves at a rate of its own. */
class Shift implements LossState {
  readonly values: tf.Variable<tf.Rank.R1>;
  readonly variables: ReadonlyMap<string, tf.Variable>;

  constructor(
    size: LossStateSize,
    private readonly rate: number,
  ) {
    sizes.push(size);
    this.values = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R1>([size.classes])));
    this.variables = new Map([['values', this.values]]);
  }

  move(gradient: tf.Tensor, weight: number, name: string): void {
    expect(name).toBe('values');
    tf.tidy(() => this.values.assign(tf.sub<tf.Tensor1D>(this.values, tf.mul(gradient, this.rate / weight))));
  }

  dispose(): void {
    this.values.dispose();
  }
}

registerLoss(
  defineLoss({
    name: 'shifted',
    needs: 'teacher',
    options: { rate: 0.5 },
    state: { create: (size, { rate }) => new Shift(size, rate) },
    value: ({ logits, teacherLogits }, _options, shift) =>
      tf.mean(tf.square(tf.sub(tf.add(logits, shift.values), teacherLogits)), 1),
  }),
);

describe.each([
  ['shifted', 'losses.shifted.values', [3]],
  // By this name checkpoints have always had them.
  ['center', 'centers.all', [3, 40]],
] as const)('the state of the loss %s', (loss, tensor, shape) => {
  const lossFlags = ['kl=0', 'features=0', `${loss}=0.1`];
  const steps = async (trainer: ReturnType<typeof tinyTrainer>, count: number): Promise<number[]> => {
    const { teacher } = trainer.parts;
    const batch = randomBatch(6);
    const losses: number[] = [];
    for (let i = 0; i < count; i++)
      losses.push(trainer.trainer.step(batch, await teacher!.targets(batch), 1e-3).loss);
    return losses;
  };

  it('learns, is in the state of the trainer, and goes on from there bit for bit', async () => {
    const whole = tinyTrainer({ lossFlags });
    await steps(whole, 2);
    const state = whole.trainer.state();
    const { shape: found, values } = state.tensors.get(tensor)!;
    expect(found).toEqual(shape);
    expect(values.some((value) => value !== 0)).toBe(true);
    const resumed = tinyTrainer({ lossFlags });
    resumed.trainer.restore(state);
    expect(await steps(resumed, 2)).toEqual(await steps(whole, 2));
    expect(resumed.trainer.state().tensors.get(tensor)).toEqual(whole.trainer.state().tensors.get(tensor));
    whole.dispose();
    resumed.dispose();
  });

  it('is not there without a weight, and leaves nothing behind', async () => {
    const without = tinyTrainer({ lossFlags: [`${loss}=0`] });
    expect([...without.trainer.state().tensors.keys()]).not.toContain(tensor);
    without.dispose();
    const { numTensors } = tf.memory();
    const trainer = tinyTrainer({ lossFlags });
    await steps(trainer, 1);
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('stands still where the weight is 0 for a while', async () => {
    const weight = { from: 0, to: 1, course: 'linear' } as const;
    const losses = lossSettings(lossFlags).map((setting) =>
      setting.name === loss ? { ...setting, weight } : setting,
    );
    const trainer = tinyTrainer({ losses, epochs: 2 });
    await steps(trainer, 1);
    const { values } = trainer.trainer.state().tensors.get(tensor)!;
    expect([...values].every((value) => value === 0)).toBe(true);
    trainer.dispose();
  });
});

it('is made for the classes and the width of the student, and keyed by its seed', () => {
  expect(sizes[0]).toEqual({ classes: 3, width: 40, seed: 1 });
});

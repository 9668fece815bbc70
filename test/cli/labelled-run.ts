import { tinyCifar } from './tiny-cifar.js';

const batchSize = 19;

/** Steps of an epoch of {@link labelledRun} on `writeTinyCifar`. */
export const labelledSteps = Math.floor(tinyCifar.training / batchSize);

/** The arguments of a run on labels alone, which starts soonest. */
export function labelledRun(data: string, ...more: string[]): string[] {
  const student = [
    '--student',
    'bnn-resnet20',
    '--data',
    `cifar10:${data}`,
    '--batch-size',
    String(batchSize),
  ];
  // Narrow, since these tests are of runs and not of networks.
  const narrow = ['--set', 'student.width=0.25'];
  return [...student, ...narrow, '--loss', 'kl=0', '--loss', 'features=0', ...more];
}

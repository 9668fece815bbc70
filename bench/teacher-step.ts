// One process of our side for bench/teacher: the trainer's own step of a full-precision ResNet. Prints one JSON line.
// usage: teacher-step.ts <resnet18|resnet20> <batch> <steps> <threads>
import { resNetDepths } from '../src/models/depths.js';
import { oneOf, wholeNumber } from './support/flags.js';
import { activeSets } from './support/machine.js';
import { benchNetworks } from './support/networks.js';
import { median } from './support/statistics.js';
import { teacherStep, stepTimes } from './support/training-step.js';

/** What the process measured. */
export interface TeacherStepFigures {
  /** The instruction sets of its kernels, joined by '+'. */
  readonly isa: string;
  readonly stepMs: number;
  readonly imagesPerSecond: number;
}

const [net = 'resnet20', batchText = '128', stepsText = '7', threadsText = '2'] = process.argv.slice(2);
const batch = wholeNumber('batch', batchText);
const step = await teacherStep(resNetDepths[oneOf('the network', net, benchNetworks)], {
  batch,
  threads: wholeNumber('threads', threadsText),
});
const times = stepTimes(step, wholeNumber('steps', stepsText));
const stepMs = median(times);
const figures: TeacherStepFigures = {
  isa: activeSets().join('+'),
  stepMs,
  imagesPerSecond: (1000 * batch) / stepMs,
};
console.log(JSON.stringify(figures));

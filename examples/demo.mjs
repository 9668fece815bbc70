// The main job with what comes in the package: a ResNet-20 teaches a binary ResNet-20 on the sample of CIFAR-10. The exit code is
// 1 if the student stays below 30 % on the test images.
import { distill, formatShare, resolveRecipe, top1Percent } from 'bnn-distill';

const least = 30;
const teacher = new URL('../teachers/cifar10-resnet20.onnx', import.meta.url).pathname;
const { recipe } = await resolveRecipe({
  sets: [
    'student.name=bnn-resnet20',
    'data=cifar10-sample',
    `stages[0].teacher=${JSON.stringify(teacher)}`,
    `stages[0].epochs=${process.argv[2] ?? 8}`,
    'stages[0].batchSize=50',
    'stages[0].optimizer.lr=3e-3',
  ],
});

const run = distill(recipe);
let next = await run.next();
for (; !next.done; next = await run.next()) {
  const event = next.value;
  if (event.kind === 'started') {
    console.log(`${event.trainingImages} training images, run in ${event.directory}`);
  } else if (event.kind === 'epoch') {
    const { epoch, epochs, loss, validation, seconds } = event;
    console.log(
      `epoch ${epoch + 1}/${epochs}  loss ${loss.toFixed(3)}  validation top-1 ${formatShare(validation.top1, validation.total)}  ${seconds.toFixed(1)} s`,
    );
  }
}
const { directory, test, seconds } = next.value;
console.log(`student  test top-1 ${formatShare(test.student.top1, test.student.total)}`);
console.log(`teacher  test top-1 ${formatShare(test.teacher.top1, test.teacher.total)}`);
console.log(`run      ${directory} (${seconds.toFixed(0)} s)`);
if (top1Percent(test.student) < least) {
  console.error(`the student stayed below ${least} %: something is wrong with this build.`);
  process.exitCode = 1;
}

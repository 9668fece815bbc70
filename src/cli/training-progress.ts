import cliProgress from 'cli-progress';
import { formatShare } from '../evaluation/accuracy.js';
import type { Recipe } from '../recipe/recipe.js';
import type { RunEvent } from '../run/run-events.js';
import { type Generation, generationsOf } from '../run/stage-generations.js';
import { type StageTitle, titleText } from '../run/stage-title.js';
import { duration } from './duration.js';
import { quietSeconds, WorkProgress } from './work-progress.js';

type Step = Extract<RunEvent, { kind: 'step' }>;

/** Shows a run: bars for its epochs and for the steps of one on a terminal, lines with the time elsewhere. */
export class TrainingProgress {
  readonly #allEpochs: number;
  /** The epochs of the run before each stage's generation. */
  readonly #generations: readonly Generation[];
  #bars: { readonly all: cliProgress.MultiBar; readonly run: Bar; readonly epoch: Bar } | undefined;
  readonly #evaluating: WorkProgress;
  readonly #hashing: WorkProgress;
  #epochs = 0;
  #lastLine = 0;
  /** The epoch under way, when it began here, and the steps of it that were done before. */
  #epoch = { name: '', began: 0, stepsBefore: 0 };
  /** Epochs that this process did, and their seconds. */
  #done = { epochs: 0, seconds: 0 };

  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly recipe: Recipe,
  ) {
    this.#evaluating = new WorkProgress(out, 'evaluating', 'images');
    this.#hashing = new WorkProgress(out, 'hashing', 'files');
    this.#generations = generationsOf(recipe);
    this.#allEpochs = this.#generations.reduce((sum, { stage }) => sum + stage.epochs, 0);
  }

  show(event: RunEvent): void {
    switch (event.kind) {
      case 'skipped':
        this.#line(`left out: ${event.message}`);
        return;
      case 'hashing':
        this.#hashing.show(event.done, event.total);
        return;
      case 'started':
        this.#hashing.stop();
        this.#line(
          `run ${event.directory}: ${this.recipe.student.name} (${event.parameters.toLocaleString('en-US')} parameters), ${event.trainingImages.toLocaleString('en-US')} training and ${event.validationImages.toLocaleString('en-US')} validation images of ${this.recipe.data}`,
        );
        return;
      case 'resumed':
        this.#hashing.stop();
        for (const sentence of event.damaged) this.#line(`passed over: ${sentence}`);
        this.#line(
          `run ${event.directory} goes on from ${event.checkpoint}: ${event.step > 0 ? `step ${event.step + 1} of ` : ''}epoch ${event.epoch + 1}`,
        );
        for (const sentence of event.changes) this.#line(`changed: ${sentence}`);
        return;
      case 'stage':
        this.stop();
        this.#epochs = event.epochs;
        if (titleText(event.stage) !== '') this.#line(`stage ${titleText(event.stage)}`);
        for (const { level, tap, connector } of event.pairs) {
          this.#line(
            `features level ${level}: teacher ${tap.name} (${tap.shape.join('×')}, ${tap.tensor})${connector ? ' through a learned 1×1 connector' : ''}`,
          );
        }
        return;
      case 'step':
        this.#step(event);
        return;
      case 'epoch':
        this.stop();
        this.#done = { epochs: this.#done.epochs + 1, seconds: this.#done.seconds + event.seconds };
        this.#timed(
          `${epochName(event.stage, event.epoch, event.epochs)}  loss ${event.loss.toFixed(4)} (${termsText(event.terms)})  lr ${event.lr.toPrecision(3)}  validation top-1 ${formatShare(event.validation.top1, event.validation.total)}${event.best ? ' best' : ''}  ${event.imagesPerSecond.toFixed(0)} images/s  ${event.seconds.toFixed(1)} s`,
        );
        return;
      case 'initialised':
        this.#line(
          `initialised from ${event.from}; new are ${event.names.length === 0 ? 'none' : groupedNames(event.names)}`,
        );
        return;
      case 'warning':
        this.#line(`warning: ${event.message}.\n  fix: ${event.fix}`);
        return;
      case 'evaluating':
        // One work at a time has a bar.
        if (event.done === 0) this.stop();
        else this.#stopSteps();
        if (event.done === 0)
          this.#line(`evaluating the ${event.who} on ${event.total.toLocaleString('en-US')} test images`);
        this.#evaluating.show(event.done, event.total);
    }
  }

  /** Takes the bars away. */
  stop(): void {
    this.#stopSteps();
    this.#evaluating.stop();
    this.#hashing.stop();
  }

  #stopSteps(): void {
    this.#bars?.all.stop();
    this.#bars = undefined;
  }

  #step(event: Step): void {
    const now = performance.now();
    const waited = event.dataMs + event.teacherMs + event.studentMs;
    const name = epochName(event.stage, event.epoch, this.#epochs);
    if (name !== this.#epoch.name) {
      this.#epoch = { name, began: now - waited, stepsBefore: event.step };
      this.#lastLine = now;
    }
    const seconds = (now - this.#epoch.began) / 1000;
    const done = event.step + 1;
    const stepSeconds = seconds / (done - this.#epoch.stepsBefore);
    const left = stepSeconds * (event.stepsPerEpoch - done);
    const share = (milliseconds: number): string => `${Math.round((100 * milliseconds) / waited)} %`;
    const state = {
      name,
      rate: (event.images / stepSeconds).toFixed(0),
      terms: `loss ${event.loss.toFixed(3)} (${termsText(event.terms)})`,
      split: `data ${share(event.dataMs)} teacher ${share(event.teacherMs)} student ${share(event.studentMs)}`,
      left: duration(left),
    };
    if (this.out.isTTY) {
      const epochSeconds =
        this.#done.epochs > 0 ? this.#done.seconds / this.#done.epochs : stepSeconds * event.stepsPerEpoch;
      const before = this.#epochsBefore(event.stage) + event.epoch;
      const whole = { left: duration(left + epochSeconds * (this.#allEpochs - before - 1)) };
      this.#bars ??= barsOn(this.out, this.#allEpochs, event.stepsPerEpoch, whole, state);
      this.#bars.run.update(before, whole);
      this.#bars.epoch.update(done, state);
    } else if (now - this.#lastLine > quietSeconds * 1000) {
      this.#lastLine = now;
      this.#timed(
        `${state.name}  step ${done}/${event.stepsPerEpoch}  ${state.terms}  ${state.rate} images/s  ${state.split}  ${state.left} left`,
      );
    }
  }

  #epochsBefore({ index, generation }: StageTitle): number {
    const found = this.#generations.find(
      ({ title }) => title.index === index && title.generation === generation,
    );
    return found?.firstEpoch ?? 0;
  }

  #line(text: string): void {
    this.out.write(`${text}\n`);
  }

  /** With the time, where lines are kept. */
  #timed(text: string): void {
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
    this.#line(this.out.isTTY ? text : `${time}  ${text}`);
  }
}

/** Names of tensors with those that differ in the number of a block once: `blocks.*.bn.gamma`. */
function groupedNames(names: readonly string[]): string {
  return [...new Set(names.map((name) => name.replace(/^blocks\.\d+\./, 'blocks.*.')))].join(', ');
}

type Bar = cliProgress.SingleBar;

function barsOn(
  out: NodeJS.WriteStream,
  epochs: number,
  steps: number,
  whole: object,
  state: object,
): { all: cliProgress.MultiBar; run: Bar; epoch: Bar } {
  const all = new cliProgress.MultiBar({ stream: out, barsize: 20, hideCursor: true, clearOnComplete: true });
  const run = all.create(epochs, 0, whole, { format: 'run [{bar}] {value}/{total} epochs  {left} left' });
  const format = '{name} [{bar}] {value}/{total}  {rate} images/s  {terms}  {split}  {left} left';
  return { all, run, epoch: all.create(steps, 0, state, { format }) };
}

function epochName(
  { name, generation, generations, count }: StageTitle,
  epoch: number,
  epochs: number,
): string {
  const stage = count > 1 || generations > 1 ? `${name} ` : '';
  const round = generations > 1 ? `${generation}/${generations} ` : '';
  return `${stage}${round}epoch ${epoch + 1}/${epochs}`;
}

function termsText(terms: Readonly<Record<string, number>>): string {
  return Object.entries(terms)
    .map(([name, value]) => `${name} ${value.toFixed(3)}`)
    .join(', ');
}

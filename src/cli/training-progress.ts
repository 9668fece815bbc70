import cliProgress from 'cli-progress';
import { formatShare } from '../training/accuracy.js';
import type { Recipe } from '../recipe/recipe.js';
import type { RunEvent } from '../training/run-events.js';
import { type StageTitle, titleText } from '../training/stage-title.js';
import { duration } from './duration.js';

/** Seconds between two plain lines of one epoch where the output is no terminal. */
const quietSeconds = 20;

type Step = Extract<RunEvent, { kind: 'step' }>;

/** Shows a run: a bar for the epoch on a terminal, plain lines elsewhere, and one summary line an epoch. */
export class TrainingProgress {
  readonly #bar: cliProgress.SingleBar | undefined;
  #barRuns = false;
  #epochBegan = 0;
  #lastLine = 0;
  #epochs = 0;

  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly recipe: Recipe,
  ) {
    if (!out.isTTY) return;
    this.#bar = new cliProgress.SingleBar({
      stream: out,
      format: '{name} [{bar}] {value}/{total}  {rate} images/s  {terms}  {left} left',
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
    });
  }

  show(event: RunEvent): void {
    switch (event.kind) {
      case 'skipped':
        this.#line(`left out: ${event.message}`);
        return;
      case 'started':
        this.#line(
          `run ${event.directory}: ${this.recipe.student.name} (${event.parameters.toLocaleString('en-US')} parameters), ${event.trainingPictures.toLocaleString('en-US')} training and ${event.validationPictures.toLocaleString('en-US')} validation pictures of ${this.recipe.data}`,
        );
        return;
      case 'resumed':
        for (const sentence of event.damaged) this.#line(`passed over: ${sentence}`);
        this.#line(
          `run ${event.directory} goes on from ${event.checkpoint}: ${event.step > 0 ? `step ${event.step + 1} of ` : ''}epoch ${event.epoch + 1}`,
        );
        for (const sentence of event.changes) this.#line(`changed: ${sentence}`);
        return;
      case 'stage':
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
        this.#line(
          `${epochName(event.stage, event.epoch, event.epochs)}  loss ${event.loss.toFixed(4)} (${termsText(event.terms)})  lr ${event.lr.toPrecision(3)}  validation top-1 ${formatShare(event.validation.top1, event.validation.total)}${event.best ? ' best' : ''}  ${event.imagesPerSecond.toFixed(0)} images/s  ${event.seconds.toFixed(1)} s`,
        );
        return;
      case 'evaluating':
        if (event.done === 0)
          this.#line(`evaluating the ${event.who} on ${event.total.toLocaleString('en-US')} test pictures`);
    }
  }

  /** Takes the bar away. */
  stop(): void {
    if (this.#barRuns) this.#bar!.stop();
    this.#barRuns = false;
  }

  #step(event: Step): void {
    const now = performance.now();
    if (event.step === 0) {
      this.#epochBegan = now - event.dataMs - event.teacherMs - event.studentMs;
      this.#lastLine = now;
    }
    const seconds = (now - this.#epochBegan) / 1000;
    const done = event.step + 1;
    const state = {
      name: epochName(event.stage, event.epoch, this.#epochs),
      rate: ((done * event.images) / seconds).toFixed(0),
      terms: `loss ${event.loss.toFixed(3)} (${termsText(event.terms)})`,
      left: duration((seconds / done) * (event.stepsPerEpoch - done)),
    };
    if (this.#bar) {
      if (!this.#barRuns) this.#bar.start(event.stepsPerEpoch, 0, state);
      this.#barRuns = true;
      this.#bar.update(done, state);
    } else if (now - this.#lastLine > quietSeconds * 1000) {
      this.#lastLine = now;
      this.#line(
        `${state.name}  step ${done}/${event.stepsPerEpoch}  ${state.terms}  ${state.rate} images/s  ${state.left} left`,
      );
    }
  }

  #line(text: string): void {
    this.out.write(`${text}\n`);
  }
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

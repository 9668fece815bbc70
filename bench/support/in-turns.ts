import { CheckoutBench, thisCheckout } from './checkout.js';
import { median } from './statistics.js';

/** What this checkout and another measured, in as many rounds. */
export interface Sides<Figures> {
  readonly ours: readonly Figures[];
  readonly theirs: readonly Figures[];
}

/** Medians of both sides, and the ratio theirs/ours: above 1 where ours takes less time. */
export interface Compared {
  readonly ours: number;
  readonly theirs: number;
  /** The median over the rounds, each with its own ratio, and the least and the greatest of them. */
  readonly ratio: number;
  readonly least: number;
  readonly greatest: number;
}

/** Compares one time of the rounds. */
export function compared<Figures>(
  { ours, theirs }: Sides<Figures>,
  time: (figures: Figures) => number,
): Compared {
  const ratios = ours.map((figures, round) => time(theirs[round]) / time(figures));
  return {
    ours: median(ours.map(time)),
    theirs: median(theirs.map(time)),
    ratio: median(ratios),
    least: Math.min(...ratios),
    greatest: Math.max(...ratios),
  };
}

/** `1.02 (0.98 to 1.05)` */
export function ratioText({ ratio, least, greatest }: Compared): string {
  return `${ratio.toFixed(3)} (${least.toFixed(3)} to ${greatest.toFixed(3)})`;
}

/**
 * Runs a bench of this checkout and of another in turns, so that a drift of the machine affects both: ours and theirs in
 * each round, each in a process of its own.
 *
 * @param each the arguments of what is measured
 * @param done what is called after each, with the figures of all rounds
 * @throws InputError where the other checkout lacks the bench or is not built
 */
export function runInTurns<Figures>(
  program: string,
  against: string,
  each: readonly (readonly string[])[],
  { rounds, env }: { readonly rounds: number; readonly env: NodeJS.ProcessEnv },
  done: (args: readonly string[], sides: Sides<Figures>) => void,
): void {
  const theirBench = new CheckoutBench(against, program);
  const ourBench = new CheckoutBench(thisCheckout, program);
  try {
    for (const args of each) {
      const ours: Figures[] = [];
      const theirs: Figures[] = [];
      for (let round = 0; round < rounds; round++) {
        ours.push(ourBench.run(args, env));
        theirs.push(theirBench.run(args, env));
      }
      done(args, { ours, theirs });
    }
  } finally {
    ourBench.dispose();
    theirBench.dispose();
  }
}

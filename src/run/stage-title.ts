/** The place of a stage and its generation in a run. */
export interface StageTitle {
  readonly name: string;
  /** The index of the stage, from 0. */
  readonly index: number;
  /** The number of stages. */
  readonly count: number;
  /** The generation, from 1. */
  readonly generation: number;
  /** The number of generations of the stage. */
  readonly generations: number;
}

/** The title as text: `two (stage 2 of 3, generation 1 of 4)`; empty for the only stage of a run. */
export function titleText({ name, index, count, generation, generations }: StageTitle): string {
  const places = [
    ...(count > 1 ? [`stage ${index + 1} of ${count}`] : []),
    ...(generations > 1 ? [`generation ${generation} of ${generations}`] : []),
  ];
  return places.length > 0 ? `${name} (${places.join(', ')})` : '';
}

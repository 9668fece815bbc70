/** Which stage of a run it is. */
export interface StageTitle {
  readonly name: string;
  /** From 0, and the number of stages. */
  readonly index: number;
  readonly count: number;
  /** From 1, and the number of generations of the stage. */
  readonly generation: number;
  readonly generations: number;
}

/** `two (stage 2 of 3, generation 1 of 4)`; empty for the only stage of a run. */
export function titleText({ name, index, count, generation, generations }: StageTitle): string {
  const places = [
    ...(count > 1 ? [`stage ${index + 1} of ${count}`] : []),
    ...(generations > 1 ? [`generation ${generation} of ${generations}`] : []),
  ];
  return places.length > 0 ? `${name} (${places.join(', ')})` : '';
}

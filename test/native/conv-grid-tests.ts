/** The tests of one convolution on the shapes of the grid. */
import { afterEach, describe, it } from 'vitest';
import { directions, type Convolution } from './conv-calls.js';
import { gridGroups } from './conv-grid.js';
import { expectClose, restoreAddon, runOn, vectorSets } from './kernel-runs.js';
import { convTitle } from './shapes.js';

const timeoutMs = 600_000;

/** Compares each direction on each instruction set of this CPU with the reference. */
export function testOnGrid(name: string, { families, tolerances, calls }: Convolution): void {
  const sets = directions.map((direction) => vectorSets(families[direction]));
  const none = sets.every((list) => list.length === 0);

  describe.skipIf(none)(`${name} equal the reference (skipped where the CPU has only that)`, () => {
    afterEach(restoreAddon);

    it.each(gridGroups().map(({ title, shapes }) => [`${title}: ${shapes.length}`, shapes] as const))(
      '%s',
      { timeout: timeoutMs },
      (_, shapes) => {
        for (const s of shapes) {
          const own = calls(s);
          directions.forEach((direction, i) => {
            const expected = runOn('reference', own[direction]);
            for (const isa of sets[i])
              expectClose(
                runOn(isa, own[direction]),
                expected,
                tolerances[direction],
                `${isa}, ${convTitle(s)}`,
              );
          });
        }
      },
    );
  });
}

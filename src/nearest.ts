import { distance } from 'fastest-levenshtein';

/**
 * The names nearest to `given`, nearest first: those within a third of its length (at least 2) in edit distance, or that
 * contain it, at most `most` of them.
 */
export function nearestNames(given: string, known: readonly string[], most = 3): string[] {
  const wanted = given.toLowerCase();
  const reach = Math.max(2, Math.ceil(wanted.length / 3));
  return known
    .map((name) => ({
      name,
      edits: name.toLowerCase().includes(wanted) ? 1 : distance(wanted, name.toLowerCase()),
    }))
    .filter(({ edits }) => edits <= reach)
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
}

/** The head of docs/performance.md for the README: one sentence that says what is compared where, and the first table. */
export function performanceTable(page: string): string {
  const measured = /^Measured on \S+ on (.+), Node \S+, with .+ and (PyTorch \S+)\.$/m.exec(page);
  const table = /^(\|.*\n)+/m.exec(page);
  if (measured === null || table === null)
    throw new Error('docs/performance.md lacks the sentence of its measurement or its first table.');
  const [, machine, pytorch] = measured;
  return [
    `Training steps beside those of ${pytorch}, on ${machine} ([how they are measured](docs/performance.md)):`,
    table[0].trimEnd(),
  ].join('\n\n');
}

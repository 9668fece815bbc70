/** A table of Markdown; a `|` within a cell is escaped. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(header), `|${' --- |'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}

const escaped = (cell: string): string => cell.replace(/\s+/g, ' ').replaceAll('|', '\\|');

import { lossTable } from '../../src/losses/loss-table.js';
import { markdownTable } from './markdown-table.js';

/**
 * The table of the losses of the package: name, default, options, function of the library, formula, source.
 */
export function lossesTable(): string {
  const rows = lossTable().map(({ name, weight, options, library, formula, source }) => [
    `\`${name}\``,
    String(weight),
    options
      .map(
        (option) =>
          `\`${option.key}\` = ${option.default}, ${option.range}: ${lowerFirst(option.description)}`,
      )
      .join('; '),
    `\`${library}\``,
    formula,
    source,
  ]);
  return markdownTable(['`--loss`', 'weight by default', 'options', 'library', 'formula', 'source'], rows);
}

const lowerFirst = (sentence: string): string =>
  sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');

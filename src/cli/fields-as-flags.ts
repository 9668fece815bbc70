import type { Command, Option } from 'commander';
import { dotted } from '../files/checked-yaml.js';
import { pathOfFlag } from './recipe-options.js';

/** Flags whose fields have another name in the library. */
const otherFields: Readonly<Record<string, string>> = {
  overfitBatches: 'batches',
  model: 'checkpoint',
  set: 'sets',
};

/**
 * A message of the library in the flags of a command. A field or a key of a recipe in backticks becomes its flag: `topK` is
 * --top-k, `dtype: float32` is --dtype float32, `losses.kl.weight: 0` is --loss kl=0, and a key without a flag is set with
 * --set. A key after its place (recipe.yaml:3:5: `epochs`) stays as it is written there.
 */
export function inFlags(text: string, command: Command): string {
  return text.replace(
    /(?<!(?::\d+:\d+|`): )`([A-Za-z][\w.[\]]*)(?:: ([^`]+))?`/g,
    (whole, field: string, value: string | undefined) => flagFor(command.options, field, value) ?? whole,
  );
}

function flagFor(options: readonly Option[], field: string, value: string | undefined): string | undefined {
  const option = options.find((one) => fieldsOf(one).includes(field));
  if (option?.long)
    return value === undefined || option.isBoolean() ? option.long : `${option.long} ${value}`;
  if (value === undefined) return undefined;
  const has = (flag: string): boolean => options.some(({ long }) => long === flag);
  const [, loss] = /^losses\.(\w+)\.weight$/.exec(field) ?? [];
  if (loss !== undefined && has('--loss')) return `--loss ${loss}=${value}`;
  return has('--set') ? `--set ${field}=${value}` : undefined;
}

/** The names under which the library may speak of what a flag says. */
function fieldsOf(option: Option): string[] {
  const name = option.attributeName();
  const path = pathOfFlag(name);
  return [name, otherFields[name], path && dotted(path)].filter((field) => field !== undefined);
}

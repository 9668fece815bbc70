import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { cifar10, cifar100, loadCifar } from './cifar.js';
import { loadCifar10Sample } from './cifar10-sample.js';
import type { Dataset, Split } from './dataset.js';
import { loadImageFolder, type LoadDataOptions } from './image-folder.js';

/** A kind of data that a spec can name. */
export interface DataKind {
  /**
   * The name of what follows the colon (`folder`), as help shows it; null if nothing and no colon follows.
   */
  readonly argument: string | null;
  /** Loads a split; `argument` is empty if the kind takes none. */
  load(argument: string, split: Split, options?: LoadDataOptions): Promise<Dataset>;
}

const kinds = new Map<string, DataKind>();

/** Adds a kind of data, or replaces the one of that name. */
export function registerDataKind(name: string, kind: DataKind): void {
  kinds.set(name, kind);
}

/** The forms of all known data specs, for help and messages: `cifar10:<folder>`, `cifar10-sample`, … */
export function dataForms(): string[] {
  return [...kinds].map(([name, kind]) => formOf(name, kind));
}

/** A parsed data spec: its kind, and what followed the colon. */
export interface DataSpec {
  readonly name: string;
  readonly kind: DataKind;
  readonly argument: string;
}

/**
 * Parses `<kind>:<folder>`, or `<kind>` alone for a kind that takes no folder. The folder may contain colons.
 *
 * @throws InputError if the kind is unknown, or a folder is missing or not expected
 */
export function parseDataSpec(spec: string): DataSpec {
  const colon = spec.indexOf(':');
  const name = colon < 0 ? spec : spec.slice(0, colon);
  const argument = colon < 0 ? '' : spec.slice(colon + 1);
  const kind = kinds.get(name);
  if (kind === undefined) {
    throw new InputError(`unknown kind of data "${name}"; data is one of ${dataForms().join(', ')}`, {
      nearest: nearestNames(name, [...kinds.keys()]),
      fix: 'write `data: <kind>:<folder>`',
    });
  }
  if (kind.argument === null && colon >= 0) {
    throw new InputError(`the data "${name}" takes no folder, got "${spec}"`, {
      fix: `write \`data: ${name}\``,
    });
  }
  if (kind.argument !== null && argument === '') {
    const form = formOf(name, kind);
    throw new InputError(`the data "${spec}" names no ${kind.argument}; expected ${form}`, {
      fix: `write \`data: ${form}\``,
    });
  }
  return { name, kind, argument };
}

/**
 * Loads a split of the data that a spec names: `cifar10:<folder>`, `cifar100:<folder>`, `cifar10-sample`,
 * `imagefolder:<folder>`, or a kind added with {@link registerDataKind}.
 *
 * @throws InputError if the spec is wrong, or the data are missing or wrong
 */
export async function loadDataset(
  spec: string,
  split: Split,
  options: LoadDataOptions = {},
): Promise<Dataset> {
  const { kind, argument } = parseDataSpec(spec);
  return kind.load(argument, split, options);
}

function formOf(name: string, { argument }: DataKind): string {
  return argument === null ? name : `${name}:<${argument}>`;
}

registerDataKind('cifar10', {
  argument: 'folder',
  load: (folder, split) => loadCifar(cifar10, folder, split),
});
registerDataKind('cifar100', {
  argument: 'folder',
  load: (folder, split) => loadCifar(cifar100, folder, split),
});
registerDataKind('imagefolder', { argument: 'folder', load: loadImageFolder });
registerDataKind('cifar10-sample', { argument: null, load: (_, split) => loadCifar10Sample(split) });

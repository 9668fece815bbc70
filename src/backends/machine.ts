import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { nativeAddon, optionalAddon } from './native/addon.js';

/** Where and when a figure was measured. */
export interface Machine {
  readonly cpu: string;
  /** Processors that this process may use. */
  readonly cores: number;
  /** The instruction sets of the kernels that run, best first, joined by '+'; `none` without the addon. */
  readonly isa: string;
  readonly node: string;
  /** This package's version. */
  readonly version: string;
  /** ISO 8601, the day in UTC. */
  readonly date: string;
}

/** This machine, now. */
export function thisMachine(): Machine {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    isa: optionalAddon() ? activeSets().join('+') : 'none',
    node: process.versions.node,
    version: (JSON.parse(manifest) as { version: string }).version,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** The instruction sets of which at least one kernel runs now, best first; `reference` only where there is no other. */
export function activeSets(): string[] {
  const addon = nativeAddon();
  const active = new Set(addon.kernels().flatMap((kernel) => (kernel.active ? [kernel.isa] : [])));
  const sets = addon.instructionSets().filter((isa) => active.has(isa));
  return sets.length > 1 ? sets.filter((isa) => isa !== 'reference') : sets;
}

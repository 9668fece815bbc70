import type { Machine } from '../../src/backends/machine.js';

export { activeSets, type Machine, thisMachine } from '../../src/backends/machine.js';

export function describeMachine({ cpu, cores, isa, node }: Machine): string {
  return `${cpu}, ${cores} core${cores === 1 ? '' : 's'}, ${isa}, Node ${node}`;
}

/** The most memory that this process has held so far, in MiB. */
export function peakRssMiB(): number {
  return process.resourceUsage().maxRSS / 1024;
}

import { thisMachine } from '../backends/machine.js';
import { ownCommit } from '../backends/package-version.js';

/** What `distill --version` says: version, commit, and the instruction sets of the kernels that run here. */
export function versionText(): string {
  const { version, isa } = thisMachine();
  const kernels = isa === 'none' ? 'no native addon; see distill doctor' : `kernels: ${isa}`;
  return `${version} (commit ${ownCommit()}, ${kernels})`;
}

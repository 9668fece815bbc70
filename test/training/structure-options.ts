import type { Structure } from '../../src/models/structure.js';

/** Each option of a structure away from its default, the others as they are; of the width another is tried elsewhere. */
export const structureOptions: readonly Partial<Structure>[] = [
  {},
  { block: 'biReal' },
  { block: 'reActNet' },
  { block: 'realToBinary' },
  { block: 'realToBinary', attention: 'gate' },
  { skip: 'single' },
  { downsample: 'v2' },
  { downsample: 'v3' },
  { attention: 'se' },
  { attention: 'gate' },
  { attention: 'cgd' },
  { attention: 'cbam' },
  { attention: 'bam' },
  { groups: 2 },
  { firstLayer: 'binary' },
  { lastLayer: 'binary' },
];

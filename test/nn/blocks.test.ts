import { beforeAll, describe, it } from 'vitest';
import { attentionNames } from '../../src/nn/attention/registry.js';
import { blockNames, createBlock } from '../../src/nn/blocks/registry.js';
import type { downsampleNames } from '../../src/nn/downsample.js';
import { backends, useTestBackend } from '../backends.js';
import { expectPlainBlock } from './expect-plain-block.js';
import { PlainBlock, plainBlock } from './plain-blocks.js';

const sizes = {
  identity: { size: { inputs: 6, outputs: 6, stride: 1 }, side: [4, 5] },
  wider: { size: { inputs: 4, outputs: 7, stride: 1 }, side: [4, 4] },
  halved: { size: { inputs: 4, outputs: 8, stride: 2 }, side: [6, 6] },
  'odd halved': { size: { inputs: 4, outputs: 8, stride: 2 }, side: [7, 5] },
} as const;
type SizeName = keyof typeof sizes;

interface Kind {
  readonly block: string;
  readonly attention: string;
  readonly downsample: (typeof downsampleNames)[number];
  readonly name: SizeName;
  readonly groups?: number;
}

const kinds: Kind[] = [
  ...blockNames.flatMap((block) =>
    (Object.keys(sizes) as SizeName[]).map((name): Kind => ({
      block,
      attention: 'none',
      downsample: 'v1',
      name,
    })),
  ),
  ...attentionNames.flatMap((attention) =>
    (Object.keys(sizes) as SizeName[]).map((name): Kind => ({
      block: 'binary',
      attention,
      downsample: 'v2',
      name,
    })),
  ),
  ...(['biReal', 'reActNet', 'realToBinary'] as const).map((block): Kind => ({
    block,
    attention: 'se',
    downsample: 'v1',
    name: 'halved',
  })),
  { block: 'binary', attention: 'none', downsample: 'v2', name: 'odd halved' },
  ...blockNames.map((block): Kind => ({
    block,
    attention: 'none',
    downsample: 'v1',
    name: 'identity',
    groups: 3,
  })),
  { block: 'binary', attention: 'none', downsample: 'v1', name: 'halved', groups: 2 },
  { block: 'binary', attention: 'none', downsample: 'v2', name: 'odd halved', groups: 4 },
  { block: 'reActNet', attention: 'se', downsample: 'v1', name: 'halved', groups: 2 },
];

describe.each(backends)('blocks on %s against a plain composition', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(kinds)(
    '$block, attention $attention, downsampling $downsample, $name, groups $groups',
    ({ block, attention, downsample, name, groups = 1 }) => {
      const { size, side } = sizes[name];
      const kind = { block, attention, downsample };
      expectPlainBlock(
        (scope) => createBlock(block, scope, size, { attention, downsample, groups }),
        [side[0], side[1], 3, size.inputs],
        (named, x) => plainBlock(new PlainBlock(named, size.stride), x, kind),
      );
    },
  );
});

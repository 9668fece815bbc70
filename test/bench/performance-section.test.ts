import { describe, expect, it } from 'vitest';
import { performanceSection, withSection } from '../../bench/support/performance-section.js';
import type { ProfileFigures } from '../../bench/support/profile-figures.js';
import { InputError } from '../../src/errors.js';

const kernels = Array.from({ length: 12 }, (_, i) => ({
  name: `kernel${i}`,
  calls: 1,
  ms: 15 - i,
  percent: (15 - i) / 2,
}));
const profile: ProfileFigures = {
  machine: {
    cpu: 'Some CPU',
    cores: 2,
    isa: 'avx2',
    node: '20.20.0',
    version: '0.1.0',
    date: '2026-01-02',
  },
  net: 'resnet20',
  batch: 128,
  threads: 2,
  steps: 10,
  stepMs: 200,
  imagesPerSecond: 640,
  kernels,
  engine: { ms: 3.25, percent: 1.625 },
  minorFaults: { median: 4, most: 9 },
  numTensors: { before: 100, after: 100 },
  poolBytes: { used: 0, peak: 150 * 2 ** 20, held: 160 * 2 ** 20 },
  scratchBytes: 0,
  peakRssMiB: 321,
};
const step = {
  resnet20: { ratio2: 3.456, tunedRatio2: 2.5, ratio1: 4, tunedRatio1: 3, memoryRatio: 0.45 },
  resnet18: { ratio2: 5 },
};
const figures = { step, profiles: [profile], data: { imagesPerSecond: 12_800 }, pytorch: '1.13.1' };

describe('the performance section', () => {
  const section = performanceSection(figures);

  it('names the machine, the day and the versions', () => {
    expect(section).toContain(
      'Measured on 2026-01-02 on Some CPU, 2 cores, avx2, Node 20.20.0, with bnn-distill 0.1.0 and PyTorch 1.13.1.',
    );
    expect(performanceSection({ ...figures, pytorch: undefined })).toContain('with bnn-distill 0.1.0.');
  });

  it.each([
    '| images/s, 2 threads | 640 |',
    '| speed over PyTorch, 2 threads | 3.46× |',
    '| speed over PyTorch tuned, 1 thread | 3.00× |',
    "| peak memory of the process over PyTorch's | 0.45× |",
    '| `kernel0` | 15.0 | 7.5 |',
    '| 2 other kernels | 9.0 | 4.5 |',
    '| JavaScript and engine | 3.3 | 1.6 |',
    '| **step** | 200.0 | 100.0 |',
    'needs at most 150 MiB for tensors; the process had at most 321 MiB',
    'at 12,800 images/s: 20 times what a step of resnet20 takes',
    'npm run docs:performance',
  ])('has %s', (part) => {
    expect(section).toContain(part);
  });

  it('leaves a figure that one network lacks empty', () => {
    const both = performanceSection({
      ...figures,
      profiles: [profile, { ...profile, net: 'resnet18', batch: 64 }],
    });
    expect(both).toContain('| speed over PyTorch, 2 threads | 3.46× | 5.00× |');
    expect(both).toContain('| speed over PyTorch, 1 thread | 4.00× |  |');
  });

  it.each([
    [{ ...figures, profiles: [] }, /at least one profile/],
    [{ ...figures, step: { resnet18: { ratio2: 5 } } }, /no figures of the network 'resnet20'/],
    [{ ...figures, profiles: [{ ...profile, batch: 32 }] }, /is of batch 32; bench:step compares batch 128/],
  ])('refuses figures that do not belong together', (wrong, message) => {
    expect(() => performanceSection(wrong)).toThrow(InputError);
    expect(() => performanceSection(wrong)).toThrow(message);
  });
});

describe('writing the section', () => {
  const page = 'before\n<!-- performance -->\nold\n<!-- /performance -->\nafter\n';

  it('replaces what stands between the markers and nothing else', () => {
    const written = withSection(page, '\nnew\n');
    expect(written).toBe('before\n<!-- performance -->\n\nnew\n\n<!-- /performance -->\nafter\n');
    expect(withSection(written, 'new')).toBe(written);
  });

  it.each([
    ['no marker', 'text'],
    ['no end', 'a <!-- performance --> b'],
    ['the wrong order', '<!-- /performance --> <!-- performance -->'],
    ['a marker twice', `${page}${page}`],
  ])('refuses %s', (_, wrong) => {
    expect(() => withSection(wrong, 'new')).toThrow(InputError);
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { createNetwork } from '../../src/models/create-network.js';
import { type NetworkCost, networkCost } from '../../src/models/network-cost.js';
import type { Structure } from '../../src/models/structure.js';
import { useTestBackend } from '../backends.js';
import { runInProcess } from '../cli/in-process.js';

beforeAll(() => useTestBackend('cpu'));

function costOf(
  name: string,
  side: number,
  classes: number,
  structure: Partial<Structure> = {},
): NetworkCost {
  const student = createNetwork(name, { classes, size: [side, side], ...structure });
  const cost = networkCost(student);
  student.dispose();
  return cost;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('networkCost', () => {
  it.each([
    ['bnn-resnet18', 32, 10, 10_985_472],
    ['bnn-resnet18', 224, 1000, 10_985_472],
    ['bnn-resnet20', 32, 10, 267_264],
  ])('of %s at %d knows the binary weights of its body', (name, side, classes, expected) => {
    const { total, packedBytes, floatBytes } = costOf(name, side, classes);
    expect(total.binaryParameters).toBe(expected);
    expect(floatBytes).toBe(4 * (expected + total.floatParameters));
    expect(packedBytes).toBeLessThan(floatBytes);
    expect(packedBytes).toBeGreaterThan(expected / 8 + 4 * total.floatParameters);
  });

  it('follows width, downsampling, skip and attention', () => {
    const plain = costOf('bnn-resnet20', 32, 10).total;
    const of = (structure: Partial<Structure>): typeof plain =>
      costOf('bnn-resnet20', 32, 10, structure).total;
    // Four times the channels pairs, nine times for three.
    for (const width of [2, 3]) expect(of({ width }).binaryMacs).toBe(width ** 2 * plain.binaryMacs);
    expect(of({ skip: 'single' }).binaryMacs).toBe(plain.binaryMacs);
    expect(of({ skip: 'single' }).binaryParameters).toBe(plain.binaryParameters);
    const shortcuts = 16 * 32 * 32 * 32 + 32 * 64 * 16 * 16;
    expect(of({ downsample: 'v2' }).floatMacs).toBe(plain.floatMacs - (3 / 4) * shortcuts);
    // Six blocks in each level, the first of levels 2 and 3 from fewer channels; reduced to a 16th.
    const se = 6 * (16 + 16) + (16 + 32) + 5 * 2 * (32 + 32) + 2 * (32 + 64) + 5 * 4 * (64 + 64);
    const withSe = of({ attention: 'se' });
    expect(withSe.floatParameters).toBe(plain.floatParameters + se);
    expect(withSe.floatMacs).toBe(plain.floatMacs + se);
    expect(withSe.binaryMacs).toBe(plain.binaryMacs);
  });

  it('follows groups and binary ends', () => {
    const plain = costOf('bnn-resnet20', 32, 10);
    const of = (structure: Partial<Structure>): NetworkCost => costOf('bnn-resnet20', 32, 10, structure);
    for (const groups of [2, 4]) {
      const { total } = of({ groups });
      expect(total.binaryMacs).toBe(plain.total.binaryMacs / groups);
      expect(total.binaryParameters).toBe(plain.total.binaryParameters / groups);
      expect(total.floatMacs).toBe(plain.total.floatMacs);
    }
    // The images that the first layer sees are floats.
    const first = of({ firstLayer: 'binary' });
    const [stem, head] = [27 * 16, 64 * 10];
    expect(first.total).toEqual({
      ...plain.total,
      binaryParameters: plain.total.binaryParameters + stem,
      floatParameters: plain.total.floatParameters - stem,
    });
    expect(first.packedBytes).toBe(plain.packedBytes - 4 * stem + stem / 8 + 4 * 16);
    const { total, layers } = of({ lastLayer: 'binary' });
    expect(total).toEqual({
      binaryParameters: plain.total.binaryParameters + head,
      floatParameters: plain.total.floatParameters - head,
      binaryMacs: plain.total.binaryMacs + head,
      floatMacs: plain.total.floatMacs - head,
    });
    expect(layers.find(({ name }) => name === 'head.linear')).toMatchObject({
      output: [1, 1, 10],
      binaryMacs: head,
      floatMacs: 0,
    });
  });

  // Trainable tensors and running statistics; multiply-adds as published for these networks.
  it.each([
    ['resnet18', 224, 1000, 11_689_512, 1.814e9],
    ['resnet34', 224, 1000, 21_797_672, 3.664e9],
    ['resnet50', 224, 1000, 25_557_032, 4.089e9],
    ['resnet20', 32, 10, 272_474, 40.8e6],
  ])(
    'of %s at %d has the parameters and multiply-adds that are known of it',
    (name, side, classes, parameters, macs) => {
      const student = createNetwork(name, { classes, size: [side, side] });
      const trained = student.store.parameters.reduce((all, { variable }) => all + variable.size, 0);
      student.dispose();
      expect(trained).toBe(parameters);
      const { total } = costOf(name, side, classes);
      expect(total.binaryParameters).toBe(0);
      expect(Math.abs(total.floatMacs / macs - 1)).toBeLessThan(0.005);
    },
  );

  it('of bnn-resnet18 at 224 has the multiply-adds of ResNet-18, and its shortcuts before pooling', () => {
    const { layers, total } = costOf('bnn-resnet18', 224, 1000);
    const shortcuts = layers.filter(({ name }) => name.endsWith('shortcut.conv'));
    expect(sum(shortcuts.map(({ floatParameters }) => floatParameters))).toBe(172_032);
    expect(sum(shortcuts.map(({ floatMacs }) => floatMacs))).toBe(77_070_336);
    const macsOf = (name: string): number => layers.find((layer) => layer.name === name)!.floatMacs;
    expect(macsOf('stem.conv')).toBe(112 * 112 * 49 * 3 * 64);
    expect(macsOf('head.linear')).toBe(512 * 1000);
    // ResNet-18's 3×3 body: 16 of the 17 convolutions beside the shortcuts.
    const level = (side: number, first: number, width: number): number =>
      side * side * 9 * width * (first + 3 * width);
    expect(total.binaryMacs).toBe(
      level(56, 64, 64) + level(28, 64, 128) + level(14, 128, 256) + level(7, 256, 512),
    );
  });

  it('of bnn-resnet50 at 224 has the multiply-adds of its bottlenecks, of which the first convolution halves', () => {
    const { layers, total } = costOf('bnn-resnet50', 224, 1000);
    // Each level: planes p, inputs of its first block, blocks and side.
    const levels = [
      [64, 64, 3, 56],
      [128, 256, 4, 28],
      [256, 512, 6, 14],
      [512, 1024, 3, 7],
    ];
    const ofLevel = ([p, inputs, count, side]: number[]): number =>
      side ** 2 * (inputs * p + (count - 1) * 4 * p * p + count * (9 * p * p + 4 * p * p));
    expect(total.binaryMacs).toBe(sum(levels.map(ofLevel)));
    const outputOf = (name: string): readonly number[] | undefined =>
      layers.find((layer) => layer.name === name)?.output;
    expect(
      ['first.bn', 'first.conv', 'second.bn', 'third.conv', 'bn', 'prelu', 'shortcut.conv'].map((name) =>
        outputOf(`blocks.3.${name}`),
      ),
    ).toEqual([
      [56, 56, 256],
      [28, 28, 128],
      [28, 28, 128],
      [28, 28, 512],
      [28, 28, 512],
      [28, 28, 512],
      [56, 56, 512],
    ]);
  });

  it('is what `distill inspect` prints', async () => {
    const { code, stdout } = await runInProcess(['inspect', 'bnn-resnet20']);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toContain('bnn-resnet20, one image of 32×32, 10 classes');
    expect(lines.find((line) => line.startsWith('blocks.6.conv '))).toMatch(
      /^blocks\.6\.conv +16×16×32 +4,608 +0 +1,179,648 +0$/,
    );
    expect(lines.find((line) => line.startsWith('total'))).toMatch(/^total +267,264 /);
    const set = (text: string): string[] => ['inspect', 'bnn-resnet20', '--set', text];
    const grouped = await runInProcess([...set('student.groups=2'), '--set', 'student.lastLayer=binary']);
    expect(grouped.stdout).toMatch(/^total +134,272 /m);
    expect(grouped.stdout).toMatch(/^head\.linear +1×1×10 +640 +10 +640 +0$/m);
    const refused = await runInProcess(set('student.groups=3'));
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('3 groups do not divide the 16 channels of level 1.');
    expect(lines.at(-1)).toMatch(/^bytes {3}0\.0\d+ MB with 1-bit weights as bits, 1\.\d+ MB as float32/);
  });

  it.each([
    [
      ['bnn-resnet20', '--set', 'student.width=2', '--set', 'student.attention=se'],
      { width: 2, attention: 'se' },
    ],
    [['--recipe', 'real-to-binary', '--classes', '100'], { block: 'realToBinary', attention: 'gate' }],
  ])('is printed of a structure by `distill inspect %j`', async (args, structure) => {
    const [name, classes] = args[0] === '--recipe' ? ['bnn-resnet18', 100] : ['bnn-resnet20', 10];
    const { code, stdout, stderr } = await runInProcess(['inspect', ...args]);
    expect([code, stderr]).toEqual([0, '']);
    const { total } = costOf(name, 32, classes, structure);
    const line = stdout.split('\n').find((text) => text.startsWith('total'));
    expect(line?.split(/ +/).slice(1)).toEqual(
      [total.binaryParameters, total.floatParameters, total.binaryMacs, total.floatMacs].map((count) =>
        count.toLocaleString('en-US'),
      ),
    );
  });
});

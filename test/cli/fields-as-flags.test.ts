import { describe, expect, it } from 'vitest';
import { inFlags } from '../../src/cli/fields-as-flags.js';
import { allCommands, createProgram, pathOf } from '../../src/cli/program.js';

const commands = allCommands(createProgram(new AbortController().signal));

describe('a message of the library names flags of the command', () => {
  it.each<[command: string, text: string, shown: string]>([
    ['distill', '`threads` must be a whole number', '--threads must be a whole number'],
    ['distill', 'use a smaller `lr`', 'use a smaller --lr'],
    ['distill', 'write `data: cifar10:<folder>`', 'write --data cifar10:<folder>'],
    ['distill', 'name one, `student.name: bnn-resnet20`', 'name one, --student bnn-resnet20'],
    ['distill', '(`losses.kl.weight: 0` `losses.features.weight: 0`)', '(--loss kl=0 --loss features=0)'],
    ['distill', 'use `skipCorrupt: true`', 'use --skip-corrupt'],
    ['distill', '`batches` must be', '--overfit-batches must be'],
    ['distill', 'see `stages[0].optimizer.lr`', 'see --lr'],
    ['distill', 'with `stages[0].statistics.every: 1`', 'with --set stages[0].statistics.every=1'],
    [
      'distill cache',
      'fewer `views` and `features: none`, or `topK`',
      'fewer --views and --features none, or --top-k',
    ],
    // What a command has no flag for stays as it is.
    ['distill eval', 'with `stages[0].statistics.every: 1`', 'with `stages[0].statistics.every: 1`'],
    ['distill', 'look at it with `distill cache verify`', 'look at it with `distill cache verify`'],
    // A key of a file is named as it stands there.
    ['distill', 'my.yaml:3:5: `epochs` must be 1', 'my.yaml:3:5: `epochs` must be 1'],
    ['distill', '`sets: data=3`: `data` is 3', '--set data=3: `data` is 3'],
  ])('%s: %s', (path, text, shown) => {
    const command = commands.find((one) => pathOf(one) === path)!;
    expect(inFlags(text, command)).toBe(shown);
  });
});

import { describe, expect, it } from 'vitest';
import { allCommands, createProgram, pathOf } from '../../src/cli/program.js';
import { distill } from './distill.js';
import { runInProcess } from './in-process.js';

describe('--help', () => {
  it('begins with commands to copy', async () => {
    const { code, stdout } = await runInProcess(['--help']);
    expect(code).toBe(0);
    const [first, ...rest] = stdout.split('\n');
    expect(first).toBe('Commands that work as they stand:');
    const commands = rest.slice(0, rest.indexOf('')).filter((line) => /^ {2}distill /.test(line));
    expect(commands.length).toBeGreaterThanOrEqual(4);
    expect(stdout.indexOf('Usage: distill')).toBeGreaterThan(stdout.indexOf(commands.at(-1)!));
    const quick = commands
      .map((line) => line.trim().split(/ +/).slice(1))
      .filter(([word]) => word === 'inspect');
    expect(quick.length).toBeGreaterThan(0);
    for (const args of quick) expect(await distill(args)).toMatchObject({ code: 0, stderr: '' });
  });

  const table: [command: string[], flags: string[]][] = [
    [
      [],
      '--debug --recipe --set --teacher --cache --views --student --data --skip-corrupt --epochs --batch-size --lr --schedule --milestones --gammas --weight-decay --clip-latent --loss --seed --view-seed --mean --std --threads --provider --backend --out --checkpoint-seconds --dry-run --overfit-batches --quiet --json'.split(
        ' ',
      ),
    ],
    [
      ['eval'],
      ['--model', '--data', '--skip-corrupt', '--mean', '--std', '--threads', '--backend', '--debug'],
    ],
    [['inspect'], ['--memory', '--batch-size', '--classes', '--size', '--set', '--debug']],
    [['card', 'init'], ['--debug']],
    [
      ['cache'],
      '--debug --teacher --out --data --recipe --stage --skip-corrupt --views --features --attention --dtype --top-k --shard --batch-size --view-seed --mean --std --threads --provider'.split(
        ' ',
      ),
    ],
    [['recipes'], ['--debug']],
    [
      ['config'],
      '--debug --origin --set --teacher --cache --views --student --data --skip-corrupt --epochs --batch-size --lr --schedule --milestones --gammas --weight-decay --clip-latent --loss --seed --view-seed --mean --std --threads --provider --backend'.split(
        ' ',
      ),
    ],
    [
      ['teach'],
      '--debug --recipe --set --teacher --cache --views --model --data --skip-corrupt --epochs --batch-size --lr --schedule --milestones --gammas --weight-decay --clip-latent --loss --seed --view-seed --mean --std --threads --provider --backend --out --checkpoint-seconds --quiet --json'.split(
        ' ',
      ),
    ],
    [['export'], ['--model', '--out', '--data', '--threads', '--backend', '--debug']],
    [
      ['resume'],
      '--debug --epochs --threads --provider --data --checkpoint-seconds --quiet --json'.split(' '),
    ],
    [['runs'], ['--debug']],
    [['rerun'], ['--out', '--quiet', '--json', '--debug']],
    [['doctor'], ['--debug']],
    [['card'], ['--debug']],
    [['data'], ['--debug']],
    [['data', 'check'], ['--debug']],
    [['cache', 'info'], ['--debug']],
    [['cache', 'verify'], ['--debug']],
    [
      ['cache', 'merge'],
      ['--out', '--debug'],
    ],
  ];

  it('is tested for every command', () => {
    const commands = allCommands(createProgram(new AbortController().signal)).map(pathOf);
    expect(table.map(([words]) => ['distill', ...words].join(' ')).sort()).toEqual(commands.sort());
  });

  it.each(table)('of %j names each flag with its default', async (command, flags) => {
    const { code, stdout } = await runInProcess([...command, '--help']);
    expect(code).toBe(0);
    // One entry a flag, its lines joined.
    const entries = stdout
      .slice(stdout.indexOf('Options:'))
      .split('\n\n')[0]
      .split(/\n(?= {2}--)/)
      .slice(1)
      .map((entry) => entry.replace(/\s+/g, ' ').trim());
    const names = entries.map((entry) => entry.split(' ')[0]);
    expect(new Set(names)).toEqual(
      new Set([...flags, '--help', ...(command.length === 0 ? ['--version'] : [])]),
    );
    for (const entry of entries) {
      if (/^--(help|version)/.test(entry)) continue;
      expect(entry).toMatch(/default: |\(required\)/);
    }
  });
});

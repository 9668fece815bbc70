import { describe, expect, it } from 'vitest';
import { allCommands, createProgram, pathOf } from '../../src/cli/program.js';
import { distill } from './distill.js';
import { runInProcess } from './in-process.js';

const commands = allCommands(createProgram(new AbortController().signal));
const wordsOf = (path: string): string[] => path.split(' ').slice(1);

describe('--help', () => {
  it.each(commands.map(pathOf))('of %s fits a screen of 80×40', async (path) => {
    const { code, stdout, stderr } = await runInProcess([...wordsOf(path), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    // -h and `distill help` print the same.
    expect(await runInProcess([...wordsOf(path), '-h'])).toEqual({ code, stdout, stderr });
    expect(await runInProcess(['help', ...wordsOf(path)])).toEqual({ code, stdout, stderr });
  });

  it('shows ten flags in groups, each in a line, and every command', async () => {
    const { stdout } = await distill(['--help'], { env: { COLUMNS: '80' } });
    const [examples, usage, description, ...groups] = stdout.trimEnd().split('\n\n');
    expect(usage).toBe('Usage: distill [flags] [command]');
    expect(description).not.toContain('\n');
    const named = groups.map((group) => group.split('\n'));
    expect(named.map(([heading]) => heading)).toEqual([
      'What to train:',
      'How to train:',
      'General:',
      'Commands:',
    ]);
    const [what, how, general, below] = named.map(([, ...lines]) =>
      lines.map((line) => line.split(/[ ,]+/)[1]),
    );
    expect([...what, ...how].sort()).toEqual(
      '--batch-size --data --epochs --loss --lr --out --recipe --set --student --teacher'.split(' '),
    );
    expect(general).toEqual(['--version', '-h']);
    expect(below).toEqual(commands[0].commands.map((one) => one.name()).filter((name) => name !== 'help'));
    const quick = examples.split('\n').map((line) => wordsOf(line));
    const works = quick.filter(([word]) => word === 'inspect');
    expect(works.length).toBeGreaterThan(0);
    for (const args of works) expect(await distill(args)).toMatchObject({ code: 0, stderr: '' });
  });

  it('refuses a command that is not there', async () => {
    expect(await runInProcess(['help', 'cache', 'merg'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "distill: there is no command 'merg'.\n  nearest: merge\n  fix: see distill --help\n",
    });
  });
});

describe('--help all', () => {
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
    [['inspect'], ['--recipe', '--set', '--memory', '--batch-size', '--classes', '--size', '--debug']],
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
      '--debug --recipe --set --teacher --cache --views --student --data --skip-corrupt --epochs --batch-size --lr --schedule --milestones --gammas --weight-decay --clip-latent --loss --seed --view-seed --mean --std --threads --provider --backend --out --checkpoint-seconds --quiet --json'.split(
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
    [['help'], ['--debug']],
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
    expect(table.map(([words]) => ['distill', ...words].join(' ')).sort()).toEqual(
      commands.map(pathOf).sort(),
    );
  });

  it.each(table)('of %j names each flag with its default', async (command, flags) => {
    const { code, stdout } = await runInProcess([...command, '--help', 'all']);
    expect(code).toBe(0);
    expect(await runInProcess(['help', ...command, 'all'])).toMatchObject({ code, stdout });
    // One entry a flag, its lines joined.
    const entries = stdout
      .split(/\n(?= {2}--)|\n\n/)
      .filter((entry) => entry.startsWith('  --') && !entry.startsWith('  --debug'))
      .map((entry) => entry.replace(/\s+/g, ' ').trim());
    const names = entries.map((entry) => entry.split(' ')[0]).filter((name) => name !== '--version');
    expect(names.sort()).toEqual(flags.filter((flag) => flag !== '--debug').sort());
    for (const entry of entries)
      if (!entry.startsWith('--version')) expect(entry).toMatch(/\(default: .*\)$|\(required\)/);
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { mainFile, scratchFolder, start } from './distill.js';
import { labelledRun, labelledSteps } from './labelled-run.js';
import { writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const training = (run: string, epochs: number): string[] => [
  mainFile,
  ...labelledRun(at('data'), '--epochs', String(epochs), '--out', at(run)),
];
/** Runs a command on a pseudo-terminal of its own. */
const onTerminal = ['-c', 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'];
const hasPython = spawnSync('python3', ['-c', 'import pty'], { stdio: 'ignore' }).status === 0;

beforeAll(async () => {
  await writeTinyCifar(at('data'));
});

describe('a run that is interrupted', () => {
  it('ends with 130, one line, and what was written so far whole', async () => {
    const { child, ended } = start(process.execPath, training('interrupted', 100_000));
    child.stdout!.on('data', (text: string) => {
      if (text.includes('epoch 1/')) child.kill('SIGINT');
    });
    const { code, stdout, stderr } = await ended;
    expect(stderr).toBe('\ndistill: interrupted.\n');
    expect(code).toBe(130);
    expect(stdout).toContain('epoch 1/100000');
    expect(existsSync(at('interrupted/best.safetensors'))).toBe(true);
    expect(existsSync(at('interrupted/summary.json'))).toBe(false);
  });
});

describe('progress', () => {
  it.skipIf(!hasPython)('is two bars on a terminal (needs python3)', async () => {
    const { ended } = start('python3', [...onTerminal, process.execPath, ...training('terminal', 1)]);
    const { code, stdout } = await ended;
    expect(code, stdout).toBe(0);
    const bar = new RegExp(
      `epoch 1/1 \\[[=-]{20}\\] \\d+/${labelledSteps}  \\d+ images/s  loss \\d+\\.\\d{3} \\(crossEntropy \\d+\\.\\d{3}\\)  data \\d+ % teacher \\d+ % student \\d+ %  \\d+ s left`,
    );
    expect(stdout).toMatch(bar);
    expect(stdout).toMatch(/run \[[=-]{20}\] 0\/1 epochs {2}\d+ s left/);
    // The summary line of the epoch stands where the bar was.
    expect(stdout).toMatch(/epoch 1\/1 {2}loss \d/);
    const evaluated = start('python3', [
      ...onTerminal,
      ...[process.execPath, mainFile, 'eval', '--model', at('terminal'), '--data', `cifar10:${at('data')}`],
    ]);
    const { stdout: shown } = await evaluated.ended;
    expect(shown).toMatch(/evaluating \[[=-]{20}\] \d+\/\d+/);
    expect(shown).toMatch(/top-1 \d+\.\d\d % /);
  });

  it('is plain lines elsewhere', async () => {
    const { ended } = start(process.execPath, training('plain', 1));
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/\[[=-]+\]/);
    // No control sequence of a terminal.
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}epoch 1\/1 {2}loss /m);
  });
});

import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { verdictOf } from '../../src/run/overfit-batches.js';
import { distill, type Ended, scratchFolder } from './distill.js';
import { runInProcess } from './in-process.js';
import { labelledRun, labelledSteps } from './labelled-run.js';
import { writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const labelled = (...more: string[]): string[] => labelledRun(at('data'), ...more);
const inFolder = (...args: string[]): Promise<Ended> => distill(args, { cwd: folder });
const leftovers = (): string[] =>
  readdirSync(tmpdir()).filter((name) => /^bnn-distill-(dry-run|overfit)-/.test(name));

beforeAll(async () => {
  await writeTinyCifar(at('data'));
});

describe('--dry-run', () => {
  it('tries a run, leaves nothing, and forecasts time, memory and disk', async () => {
    const whole = ['--set', 'student.width=1'];
    const { code, stdout, stderr } = await inFolder(...labelled(...whole, '--epochs', '50', '--dry-run'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const steps = 50 * labelledSteps;
    expect(stdout).toMatch(
      new RegExp(
        `^tried {4}two steps .*\ntime {5}about \\d+ (s|min \\d+ s): ${steps} steps and 50 evaluations\nmemory {3}\\d+ MiB\ndisk {5}\\d+\\.\\d MB\n$`,
      ),
    );
    const [, disk] = /disk +(\S+) MB/.exec(stdout)!;
    // Two checkpoints of three floats a weight, two students, and metrics.
    const floats = 273_178 * 4;
    expect(Number(disk) * 1e6).toBeGreaterThan(8 * floats);
    expect(Number(disk) * 1e6).toBeLessThan(9 * floats);
    expect(existsSync(at('runs'))).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it('tells what a run would be refused for', async () => {
    const args = labelled('--dry-run', '--set', 'stages[0].initFrom=nowhere');
    const { code, stderr } = await runInProcess(args);
    expect(stderr).toMatch(/^distill: there is no checkpoint and no run at nowhere\./);
    expect(code).toBe(2);
    expect(leftovers()).toEqual([]);
  });
});

describe('--overfit-batches', () => {
  it('learns a batch by heart, leaves nothing, and says so', async () => {
    const { code, stdout, stderr } = await inFolder(
      ...labelled('--overfit-batches', '1', '--batch-size', '8'),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^batches {2}1 of 8, without augmentation\ntop-1 {4}\d+\.\d\d % of these images in the last epoch\nloss {5}\S+ at first, \S+ at last\nverdict {2}student, losses and optimizer work: /,
    );
    expect(existsSync(at('runs'))).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it('refuses 0 batches', async () => {
    const { code, stderr } = await runInProcess(labelled('--overfit-batches', '0'));
    expect(stderr).toMatch(/^distill: --overfit-batches must be a whole number of at least 1, got 0\./);
    expect(code).toBe(2);
  });

  it.each([
    [[2, 1.2], 99, undefined, /^student, losses and optimizer work/],
    [[2, 2.1], 20, undefined, /too large/],
    [[2, 1.99], 20, undefined, /too small/],
    [[2, 1], 40, 99, /follows its teacher/],
    [[2, 1], 40, 60, /but slowly/],
  ])('of losses %j, top-1 %d and agreement %s tells the cause', (losses, top1, agreement, cause) => {
    const epochs = losses.map((loss) => ({
      loss,
      trainTop1Percent: top1,
      ...(agreement === undefined ? {} : { teacherAgreementPercent: agreement }),
    }));
    expect(verdictOf(epochs).cause).toMatch(cause);
  });
});

import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageVersion } from '../../src/backends/package-version.js';
import { recordLength, cifar10 } from '../../src/data/cifar.js';
import { distill, scratchFolder } from './distill.js';
import { runInProcess } from './in-process.js';
import { tinyCifar, writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);

describe('distill doctor', () => {
  it('names processor, kernels, backends, providers, packages, memory and disk', async () => {
    const { code, stdout, stderr } = await distill(['doctor']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const line of [
      /^ok +bnn-distill +\d+\.\d+\.\d+, Node\.js \d+/m,
      /^ok +processor +\S.*, \d+ for this process$/m,
      /^ok +backend native +kernels: (\w+ for \d+(, )?)+$/m,
      /^ok +backend cpu /m,
      /^(ok|–) +backend tensorflow /m,
      /^ok +provider cpu /m,
      /^(ok|–) +provider cuda /m,
      /^(ok|–) +provider webgpu /m,
      /^ok +sharp +\d/m,
      /^ok +memory +\d+\.\d GiB of \d+\.\d GiB are free$/m,
      /^ok +disk of this folder +\d+\.\d GiB are free/m,
    ])
      expect(stdout).toMatch(line);
    for (const [missing] of stdout.matchAll(/^–.*$/gm)) expect(stdout).toContain(`${missing}\n     `);
  });

  it('says what to do about kernels that are missing', async () => {
    const addon = at('none.node');
    const { code, stdout } = await distill(['doctor'], { env: { BNN_DISTILL_ADDON: addon } });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^– +backend native +the native addon was not built: \S+none\.node does not exist\.\n +to have it: install a C\+\+17 compiler/m,
    );
  });

  it('finds versions also of packages that hide their package.json', () => {
    expect(packageVersion('apache-arrow')).toMatch(/^\d+\.\d+\.\d+$/);
    expect(packageVersion('no-such-package')).toBeUndefined();
  });
});

describe('distill data check', () => {
  beforeAll(async () => {
    await writeTinyCifar(at('data'));
  });

  it('counts images and classes of each split', async () => {
    const { code, stdout, stderr } = await distill(['data', 'check', 'cifar10-sample']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^classes +10: airplane, automobile, /m);
    expect(stdout).toMatch(
      /^train +3,800 images of 32×32, 380 to 380 a class, mean 0\.4913, 0\.4802, 0\.4451\n +sha256 [\da-f]{64}$/m,
    );
    expect(stdout).toMatch(/^validation +200 images .*\n[^]*^test +1,000 images /m);
    expect(stdout).not.toContain('problem');
  });

  it('names images that two splits share, and classes without images', async () => {
    cpSync(at('data'), at('shared'), { recursive: true });
    const length = recordLength(cifar10);
    const batch = readFileSync(at('shared/data_batch_2.bin'));
    readFileSync(at('shared/test_batch.bin')).copy(batch, 5 * length, 0, length);
    writeFileSync(at('shared/data_batch_2.bin'), batch);
    const { code, stdout, stderr } = await distill(['data', 'check', `cifar10:${at('shared')}`]);
    expect(stdout).toMatch(new RegExp(`^train +${tinyCifar.training} images`, 'm'));
    expect(stdout).toMatch(/^problem +the splits train and test share 1 image\.$/m);
    expect(stdout).toMatch(/^problem +the validation split has no image of /m);
    expect(stderr).toMatch(/^distill: the data have \d problems\.\n {2}fix: /);
    expect(code).toBe(2);
  });

  it.each<[args: string[], stderr: RegExp]>([
    [['data'], /^distill: distill data needs one of its commands: check\.\n/],
    [['data', 'check'], /^distill: missing required argument 'kind:folder'\.\n/],
    [['data', 'check', 'cifar11:x'], /^distill: unknown kind of data "cifar11"/],
    [['data', 'check', `cifar10:${at('empty')}`], /^distill: /],
  ])('refuses %j', async (args, stderr) => {
    mkdirSync(at('empty'), { recursive: true });
    expect(await runInProcess(args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(stderr) as string,
    });
  });
});

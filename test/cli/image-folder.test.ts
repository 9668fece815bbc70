import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { pathsOf, writeImages } from '../data/image-files.js';
import { distill, scratchFolder } from './distill.js';

const folder = scratchFolder();
const data = `imagefolder:${join(folder, 'images')}`;
const bad = join(folder, 'images/train/cat/2.jpg');
const classes = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');
const teachers = 'cifar10-resnet20,cifar10-resnet20';

beforeAll(async () => {
  // 40 images, of which 2 are held out; all others are in the two steps of 19.
  await writeImages(join(folder, 'images'), pathsOf('train', classes, 4), [50, 40]);
  await writeImages(join(folder, 'images'), pathsOf('test', classes, 1), [40, 40]);
  writeFileSync(bad, 'no image');
});

const train = (run: string, ...more: string[]): ReturnType<typeof distill> =>
  distill([
    ...['--teacher', teachers, '--student', 'bnn-resnet20', '--data', data, '--epochs', '1'],
    ...['--batch-size', '19', '--threads', '2', '--out', join(folder, run), ...more],
  ]);

describe('a folder of images', () => {
  it('trains a student of two teachers, and evaluates it, but for images that cannot be decoded', async () => {
    const { code, stdout, stderr } = await train('run', '--skip-corrupt');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^left out: the image ${bad} cannot be decoded: .*\n`));
    expect(stdout).toContain(`37 training and 2 validation images of ${data}`);
    const share = /student {2}test top-1 (\d+\.\d\d % \(\d of 10\))/.exec(stdout)![1];
    const again = await distill(['eval', '--model', join(folder, 'run')]);
    expect(again.stdout).toContain(`top-1 ${share}\n`);
  });

  it('is refused with exit code 2 for an image that cannot be decoded', async () => {
    const { code, stderr } = await train('refused');
    expect(code).toBe(2);
    expect(stderr).toContain(`distill: the image ${bad} cannot be decoded: `);
    expect(stderr).toContain('--skip-corrupt');
  });

  it('is cached without images that cannot be decoded where it is so asked, and otherwise refused', async () => {
    const cache = (out: string, ...more: string[]): ReturnType<typeof distill> =>
      distill([
        ...['cache', '--teacher', 'cifar10-resnet20', '--data', data, '--views', '1', '--threads', '2'],
        ...['--out', join(folder, out), ...more],
      ]);
    const [sound, refused] = await Promise.all([cache('cache', '--skip-corrupt'), cache('no-cache')]);
    expect([sound.code, sound.stderr]).toEqual([0, '']);
    expect(sound.stdout).toMatch(new RegExp(`^left out: the image ${bad} cannot be decoded: `, 'm'));
    const manifest = JSON.parse(readFileSync(join(folder, 'cache/manifest.json'), 'utf8')) as {
      data: { pictures: number };
    };
    expect(manifest.data.pictures).toBe(37);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`distill: the image ${bad} cannot be decoded: `);
  });

  it('evaluates an ensemble of one teacher twice as that teacher', async () => {
    const [two, one] = await Promise.all(
      [teachers, 'cifar10-resnet20'].map((model) => distill(['eval', '--model', model, '--data', data])),
    );
    expect(one.stdout).toMatch(/^top-1 .* of 10\)\ntop-5 .* of 10\)\n$/);
    expect(two).toEqual(one);
  });
});

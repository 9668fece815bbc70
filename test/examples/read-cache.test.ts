import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { distill, scratchFolder } from '../cli/distill.js';
import { writeTinyCifar } from '../cli/tiny-cifar.js';

const folder = scratchFolder();
const example = fileURLToPath(new URL('../../examples/read-cache.py', import.meta.url));
const python = process.env['BNN_TEST_PYTHON'] ?? 'python3';
const has = (module: string): boolean => spawnSync(python, ['-c', `import ${module}`]).status === 0;

it.skipIf(!has('pyarrow'))(
  `examples/read-cache.py reads a cache with pyarrow${has('pyarrow') ? '' : ' (needs pyarrow; BNN_TEST_PYTHON names another Python)'}`,
  async () => {
    await writeTinyCifar(join(folder, 'data'));
    const out = join(folder, 'cache');
    const made = ['--data', `cifar10:${join(folder, 'data')}`, '--views', '2', '--out', out];
    expect((await distill(['cache', '--teacher', 'cifar10-resnet20', ...made])).code).toBe(0);
    const { stdout, stderr, status } = spawnSync(python, [example, out], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^cifar10-resnet20\.onnx on 95 images of cifar10\n/);
    expect(stdout).toMatch(/feature_level3 {3}fixed_size_list<item: halffloat not null>\[4096\]/);
    const right = [...stdout.matchAll(/^view \d: the teacher is right on (\d+) of 95 images$/gm)];
    expect(right).toHaveLength(2);
    // It saw these images in its training.
    for (const [, count] of right) expect(Number(count)).toBeGreaterThan(85);
    expect(stdout).toContain('checksum of the first row is right\n');
    if (has('duckdb')) expect(stdout).toMatch(/^airplane +\d+ views, [\d.]+ % right$/m);
  },
);

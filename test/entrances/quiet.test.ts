import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { entrances, root } from './library.js';

it.each([...entrances.keys()])('%s prints nothing when it is imported', async (name) => {
  const args = ['--input-type=module', '--eval', `await import('${name}')`];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
});

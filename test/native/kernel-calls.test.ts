import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  camelCase,
  kernelCallsPath,
  kernelCallsText,
  readStructs,
} from '../../scripts/support/kernel-calls.js';
import { nativeAddon } from '../../src/backends/native/addon.js';

const kernels = nativeAddon().kernelFields();

it('kernel-calls.ts is what the addon describes (npm run docs:kernel-calls writes it anew)', async () => {
  expect(readFileSync(kernelCallsPath, 'utf8')).toBe(await kernelCallsText(kernels));
});

it('every kernel is described', () => {
  const families = nativeAddon().kernels();
  expect(new Set(kernels.map(({ family }) => family))).toEqual(new Set(families.map(({ family }) => family)));
});

it('a field has the name of its member, in camel case', () => {
  const named = readStructs().flatMap(({ body }) => [...body.matchAll(/f\.\w+\("(\w+)", (\w+)[,)]/g)]);
  const fields = named.filter(([text]) => !text.startsWith('f.require'));
  expect(fields.length).toBeGreaterThan(400);
  for (const [, name, member] of fields) expect(name).toBe(camelCase(member));
});

import { describe, expect, it } from 'vitest';
import { nativeAddon } from '../../src/backends/native/addon.js';

const addon = nativeAddon();
const order = addon.instructionSets();
const forced = process.env['BNN_DISTILL_ISA'];

describe('dispatch', () => {
  it('runs for each family the best implementation that is allowed', () => {
    const families = new Map<string, { isa: string; available: boolean; active: boolean }[]>();
    for (const kernel of addon.kernels())
      families.set(kernel.family, [...(families.get(kernel.family) ?? []), kernel]);
    expect(families.size).toBeGreaterThan(20);
    const limit = forced === undefined ? 0 : order.indexOf(forced);
    for (const [family, kernels] of families) {
      const allowed = kernels.filter(({ isa, available }) => available && order.indexOf(isa) >= limit);
      const best = Math.min(...allowed.map(({ isa }) => order.indexOf(isa)));
      const active = kernels.filter((kernel) => kernel.active);
      expect(
        active.map(({ isa }) => isa),
        family,
      ).toEqual([order[best]]);
    }
  });

  it('gives each implementation a function of its own, named after its instruction set', () => {
    const kernels = addon.kernels();
    expect(new Set(kernels.map(({ name }) => name)).size).toBe(kernels.length);
    const vector = kernels.filter(({ isa }) => isa !== 'reference');
    expect(vector.filter(({ name, isa }) => !name.endsWith(`_${isa}`))).toEqual([]);
  });

  it('has a reference for every family', () => {
    const kernels = addon.kernels();
    const families = new Set(kernels.map(({ family }) => family));
    for (const family of families) {
      expect(
        kernels.some((kernel) => kernel.family === family && kernel.isa === 'reference' && kernel.available),
        family,
      ).toBe(true);
    }
  });

  it('forces an instruction set, and refuses one that the CPU lacks or that is unknown', () => {
    const before = addon.forcedIsa();
    try {
      expect(addon.forceIsa('sse9')).toBe(false);
      expect(addon.forceIsa('avx512')).toBe(addon.cpuFeatures().includes('avx512'));
      expect(addon.forceIsa('reference')).toBe(true);
      expect(new Set(addon.kernels().flatMap(({ active, isa }) => (active ? [isa] : [])))).toEqual(
        new Set(['reference']),
      );
    } finally {
      expect(addon.forceIsa(before)).toBe(true);
    }
  });

  it('obeys BNN_DISTILL_ISA', () => {
    expect(addon.forcedIsa()).toBe(forced ?? '');
  });
});

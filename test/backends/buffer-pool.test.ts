import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, BufferPool } from '../../src/backends/native/buffer-pool.js';

const page = 4096;
const slab = 32 * 2 ** 20;

/** A pool, and how many bytes each of its slabs has. */
function poolWithSlabs(): { pool: BufferPool; slabs: number[] } {
  const slabs: number[] = [];
  const pool = new BufferPool((bytes) => {
    slabs.push(bytes);
    return new ArrayBuffer(bytes);
  });
  return { pool, slabs };
}

describe('BufferPool', () => {
  it.each([
    [0, page],
    [1, page],
    [page, page],
    [page + 1, 2 * page],
    [10 * page - 1, 10 * page],
  ])('gives whole pages: for %i bytes it takes %i', (bytes, taken) => {
    const { pool } = poolWithSlabs();
    pool.take(page);
    const block = pool.take(bytes);
    expect(block.bytes).toBe(taken);
    expect(block.offset % page).toBe(0);
    expect(pool.usedBytes).toBe(page + taken);
  });

  it('takes slabs of 32 MiB, and one of its own for a larger block', () => {
    const { pool, slabs } = poolWithSlabs();
    pool.take(page);
    pool.take(slab + 1);
    expect(slabs).toEqual([slab, slab + page]);
    expect(pool.heldBytes).toBe(2 * slab + page);
  });

  it('serves a request with the smallest free range that fits', () => {
    const { pool } = poolWithSlabs();
    // Free ranges of 4, 2 and 3 pages, kept apart by blocks that stay taken.
    const ranges = [4, 2, 3].map((pages) => {
      const block = pool.take(pages * page);
      pool.take(page);
      return block;
    });
    for (const block of ranges) pool.give(block);
    expect(pool.take(2 * page).offset).toBe(ranges[1].offset);
    expect(pool.take(2 * page).offset).toBe(ranges[2].offset);
    expect(pool.take(4 * page).offset).toBe(ranges[0].offset);
    // Of the range of three pages one is left.
    expect(pool.take(page).offset).toBe(ranges[2].offset + 2 * page);
  });

  it.each([
    ['before and after', [0, 2, 1]],
    ['before', [0, 1, 2]],
    ['after', [2, 1, 0]],
  ])('joins a freed block with the free range %s it', (_, order) => {
    const { pool, slabs } = poolWithSlabs();
    const blocks = [0, 1, 2].map(() => pool.take(page));
    for (const n of order) pool.give(blocks[n]);
    expect(pool.usedBytes).toBe(0);
    expect(pool.take(slab)).toEqual({ buffer: blocks[0].buffer, offset: 0, bytes: slab });
    expect(slabs).toHaveLength(1);
  });

  it('remembers the most that was taken at once, until its memory of it is reset', () => {
    const { pool } = poolWithSlabs();
    const block = pool.take(5 * page);
    pool.take(page);
    pool.give(block);
    expect(pool.peakBytes).toBe(6 * page);
    pool.resetPeak();
    expect(pool.peakBytes).toBe(page);
    pool.take(page);
    expect(pool.peakBytes).toBe(2 * page);
  });

  it('lets go of slabs of which nothing is taken, and of those only, when it is trimmed', () => {
    const { pool, slabs } = poolWithSlabs();
    const free = pool.take(slab);
    const kept = pool.take(slab);
    pool.give(free);
    pool.trim();
    expect(pool.heldBytes).toBe(slab);
    pool.give(kept);
    expect(pool.take(slab).buffer).toBe(kept.buffer);
    expect(slabs).toHaveLength(2);
    pool.give({ buffer: kept.buffer, offset: 0, bytes: slab });
    pool.trim();
    expect(pool.heldBytes).toBe(0);
    pool.take(page);
    expect(slabs).toHaveLength(3);
  });

  it('never gives memory twice, counts what is taken and forgets nothing, whatever the order', () => {
    const request = fc.oneof(
      fc.record({ take: fc.integer({ min: 0, max: 40 * page }) }),
      fc.record({ give: fc.nat(1000) }),
    );
    fc.assert(
      fc.property(fc.array(request, { maxLength: 120 }), (requests) => {
        const { pool, slabs } = poolWithSlabs();
        const taken: Block[] = [];
        for (const each of requests) {
          if ('take' in each) {
            const block = pool.take(each.take);
            const overlaps = taken.some(
              ({ buffer, offset, bytes }) =>
                buffer === block.buffer &&
                offset < block.offset + block.bytes &&
                block.offset < offset + bytes,
            );
            expect(overlaps).toBe(false);
            taken.push(block);
          } else if (taken.length > 0) {
            pool.give(taken.splice(each.give % taken.length, 1)[0]);
          }
          expect(pool.usedBytes).toBe(taken.reduce((sum, { bytes }) => sum + bytes, 0));
        }
        for (const block of taken) pool.give(block);
        // Everything was joined again: a block of each slab's size fits without another slab.
        const before = slabs.length;
        for (let n = 0; n < before; n++) pool.take(slab);
        expect(slabs).toHaveLength(before);
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

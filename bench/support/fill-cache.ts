import { type CacheSettings, defaultCacheSettings, makeCache } from '../../src/run/make-cache.js';

/** Makes what is missing of a cache. */
export async function fillCache(
  settings: Pick<CacheSettings, 'teacher' | 'data' | 'views' | 'threads' | 'out'> & {
    readonly features?: CacheSettings['features'];
  },
): Promise<void> {
  const making = makeCache({
    ...defaultCacheSettings,
    mean: undefined,
    std: undefined,
    topK: undefined,
    ...settings,
  });
  while (!(await making.next()).done);
}

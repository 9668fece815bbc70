import { defineConfig } from 'vitest/config';

/** What takes too long for each run of the tests: interruptions at random moments, and many pictures. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.faults.ts', 'test/cache/live-agreement.test.ts'],
    env: { BNN_TEST_IMAGES: '1000' },
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 240_000,
    hookTimeout: 60_000,
  },
});

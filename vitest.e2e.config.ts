import { defineConfig } from 'vitest/config';

// Real hosts, real daemons: one file at a time, since each wants the machine for itself.
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 1_500_000,
    reporters: ['verbose'],
    disableConsoleIntercept: true,
  },
});

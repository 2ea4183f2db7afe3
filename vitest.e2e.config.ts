import { defineConfig } from 'vitest/config';

/** How soon a cluster is up is a claim in these: each wants the machine for itself. */
const timed = ['test/e2e/{single,cluster}.e2e.ts'];

// Real hosts, real daemons. The other files wait most of their time: two of them share the cores.
export default defineConfig({
  test: {
    testTimeout: 300_000,
    hookTimeout: 1_500_000,
    reporters: ['verbose'],
    disableConsoleIntercept: true,
    projects: [
      {
        extends: true,
        test: { name: 'timed', include: timed, fileParallelism: false, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'side by side',
          include: ['test/e2e/**/*.e2e.ts'],
          exclude: timed,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

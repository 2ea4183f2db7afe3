/**
 * For esbuild: packages that bring a copy of Node's streams get those of Node itself. archiver has two
 * releases of readable-stream below it, a tenth of the command's code, which every render would load.
 */

/** The plugin. */
export function nodeStreams() {
  return {
    name: 'node-streams',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^readable-stream$/ }, () => ({ path: 'node:stream', external: true }));
      onResolve({ filter: /^readable-stream\/passthrough$/ }, () => ({ path: 'passthrough', namespace: 'node-streams' }));
      onLoad({ filter: /^passthrough$/, namespace: 'node-streams' }, () => ({
        contents: "module.exports = require('node:stream').PassThrough;",
        loader: 'js',
      }));
    },
  };
}

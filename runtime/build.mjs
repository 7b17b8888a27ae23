/** Bundles the runtime into one file: it starts faster than a folder of modules, and the image needs no packages. */
import { build } from 'esbuild'

/** zod brings its messages in fifty languages; ours are English, and each would be read at every start. */
const englishOnly = {
  name: 'english-only',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
    })),
}

await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: { main: 'src/main.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Names and lines of our sources in stack traces; their text would only cost memory.
  sourcemap: true,
  sourcesContent: false,
  // Packages in CommonJS ask for these, which a module has not.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module'",
      'const require = __createRequire(import.meta.url)',
      'const __filename = import.meta.filename',
      'const __dirname = import.meta.dirname',
    ].join('\n'),
  },
  plugins: [englishOnly],
  logLevel: 'warning',
})

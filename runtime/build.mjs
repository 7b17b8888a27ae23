/**
 * Bundles the runtime: it starts faster than a folder of modules, and the image needs no packages. What is imported on first
 * use (auth, and in it mail, providers, WebAuthn) lies in files of its own, which no other project reads at its start.
 * Beside them lies what cannot be bundled, bcrypt's binary.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'

/** zod brings its messages in fifty languages; ours are English, and each would be read at every start. */
const englishOnly = {
  name: 'english-only',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
    })),
}

/** Its own loader looks for a package that the image does not have; and of CommonJS an import would see no names. */
const bcryptBinary = {
  name: 'bcrypt-binary',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/@node-rs\/bcrypt\/index\.js$/ }, () => ({
      contents: "export const { hash, verify } = require('./bcrypt.node')",
      loader: 'js',
    })),
}

/** Images are Debian's, made on the machine they run on. */
function copyBcrypt() {
  const bcrypt = createRequire(import.meta.url).resolve('@node-rs/bcrypt')
  const binary = createRequire(bcrypt).resolve(`@node-rs/bcrypt-linux-${process.arch}-gnu`)
  copyFileSync(binary, join(dist, 'bcrypt.node'))
}

const dist = join(import.meta.dirname, 'dist')
// The names of its files say what is in them: those of before would stay.
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
copyBcrypt()
await build({
  absWorkingDir: import.meta.dirname,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Packages in CommonJS ask for these, which a module has not.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module'",
      'const require = __createRequire(import.meta.url)',
      'const __filename = import.meta.filename',
      'const __dirname = import.meta.dirname',
    ].join('\n'),
  },
  logLevel: 'warning',
  entryPoints: { main: 'src/main.ts' },
  splitting: true,
  // Names and lines of our sources in stack traces; their text would only cost memory.
  sourcemap: true,
  sourcesContent: false,
  external: ['./bcrypt.node'],
  plugins: [englishOnly, bcryptBinary],
})

/**
 * Bundles control and the command line into one file each, and lays beside them what they read when they run:
 * texts of templates, migrations, the pages.
 *
 * A module that reads a file beside itself says `new URL('./x', import.meta.url)`. In the bundle it still does: each
 * of our modules keeps its place below `dist/`, and the files it may read are copied to the same place.
 */
import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, sep } from 'node:path'
import { build } from 'esbuild'

const here = import.meta.dirname
const root = dirname(here)
const dist = join(here, 'dist')

/** zod brings its messages in fifty languages; ours are English. */
const englishOnly = {
  name: 'english-only',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
    })),
}

/** What the Docker client brings for engines over SSH and for BuildKit: 1.5 MB, read at each start, that we never call. */
const withoutUnused = {
  name: 'without-unused',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/(dockerode\/lib\/(session|buildkit)|docker-modem\/lib\/ssh)\.js$/ }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error(${JSON.stringify(`${basename(path)} is not in the bundle`)}) }`,
    })),
}

/** Our own modules see the place they have below `dist/`, not that of the bundle. */
const ownPlaces = {
  name: 'own-places',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      if (path.includes(`${sep}node_modules${sep}`) || !/\bimport\.meta\.(url|dirname)\b/.test(text))
        return undefined
      const place = JSON.stringify(`./${relative(root, path).split(sep).join('/')}`)
      const contents = text
        .replaceAll(/\bimport\.meta\.url\b/g, `new URL(${place}, import.meta.url).href`)
        .replaceAll(
          /\bimport\.meta\.dirname\b/g,
          `new URL(${place}, import.meta.url).pathname.replace(/\\/[^/]*$/, '')`,
        )
      return { contents, loader: 'ts' }
    }),
}

const options = {
  absWorkingDir: here,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  sourcemap: true,
  sourcesContent: false,
  // Native speed-ups that are not installed, and assets that are read as files.
  external: ['cpu-features', '*.node', 'swagger-ui-dist'],
  // Packages in CommonJS ask for these, which a module has not.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module'",
      "import { fileURLToPath as __fileURLToPath } from 'node:url'",
      'const require = __createRequire(import.meta.url)',
      'const __filename = __fileURLToPath(import.meta.url)',
      "const __dirname = __fileURLToPath(new URL('.', import.meta.url))",
    ].join('\n'),
  },
  plugins: [englishOnly, withoutUnused, ownPlaces],
  logLevel: 'warning',
}

const isSource = (path) => /\.(ts|mjs)$|\/(node_modules|package\.json|tsconfig\.json|\.turbo)$/.test(path)

async function copyAssets() {
  for (const place of ['control/src/store/migrations', 'control/console', 'templates', 'docs/problems']) {
    await cp(join(root, place), join(dist, place), { recursive: true, filter: (path) => !isSource(path) })
  }
  const reference = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const target = join(dist, 'node_modules/swagger-ui-dist')
  await mkdir(target, { recursive: true })
  const names = ['package.json', 'LICENSE', 'index.js', 'absolute-path.js', 'index.css', 'swagger-ui.css']
  names.push(
    'swagger-ui-bundle.js',
    'swagger-ui-standalone-preset.js',
    'favicon-16x16.png',
    'favicon-32x32.png',
  )
  for (const name of names) await cp(join(reference, name), join(target, name))
}

await rm(dist, { recursive: true, force: true })
await Promise.all([
  // What is loaded on first use (acme-client) is a file of its own, and not read at each start.
  build({
    ...options,
    entryPoints: { main: 'src/main.ts' },
    target: 'node24',
    splitting: true,
    chunkNames: '[name]-[hash]',
  }),
  // The command runs on whatever Node the operator has.
  build({ ...options, entryPoints: { cli: 'cli/main.ts' }, target: 'node20' }),
])
await copyAssets()

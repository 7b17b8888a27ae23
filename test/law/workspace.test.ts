/** What the workspace promises of itself: one version, exact dependencies, and at the top only what belongs there. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { VERSION } from '@cascata/shared/version'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8')
const PACKAGES = ['.', 'control', 'runtime', 'shared', 'templates', 'test']

type Manifest = Record<'dependencies' | 'devDependencies', Record<string, string> | undefined> & {
  version: string
}
const manifestOf = (folder: string) => JSON.parse(read(`${folder}/package.json`)) as Manifest

test('the release has one version', () => {
  for (const folder of PACKAGES) expect(manifestOf(folder).version, folder).toBe(VERSION)
})

test('a package takes its dependencies from the catalogue or the workspace', () => {
  for (const folder of PACKAGES) {
    const { dependencies, devDependencies } = manifestOf(folder)
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(['catalog:', 'workspace:*'], `${folder}: ${name}`).toContain(version)
    }
  }
})

test('the catalogue pins every version exactly', () => {
  const catalogue = /^catalog:\n((?: {2}.+\n)+)/m.exec(read('pnpm-workspace.yaml'))?.[1] ?? ''
  const versions = catalogue
    .trim()
    .split('\n')
    .map((line) => line.split(': ')[1])
  expect(versions.length).toBeGreaterThan(20)
  for (const version of versions) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
})

test('the top level holds the plan and nothing else', () => {
  // Ignored by git: what is installed, built and kept beside a checkout.
  const own = ['.git', '.tools', '.cascata', '.turbo', 'node_modules']
  const found = readdirSync(root).filter((name) => !own.includes(name))
  expect(found.toSorted()).toEqual(
    [
      ...['control', 'runtime', 'shared', 'templates', 'docker', 'test', 'docs', '.ci'],
      ...[
        'package.json',
        'pnpm-workspace.yaml',
        'pnpm-lock.yaml',
        'turbo.json',
        'tsconfig.base.json',
        'biome.json',
      ],
      ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'LICENSE', '.gitignore', 'vitest.config.ts'],
    ].toSorted(),
  )
})

test('ARCHITECTURE.md stays a page, and each path it names is there', () => {
  const text = read('ARCHITECTURE.md')
  expect(text.split('\n').length).toBeLessThan(200)
  const paths = [
    ...text.matchAll(/`((?:control|runtime|shared|templates|docker|test|docs)\/[\w./-]+)`/g),
  ].map(([, path]) => path ?? '')
  expect(paths.length).toBeGreaterThan(5)
  for (const path of paths) expect(() => readdirSyncOrFile(path), path).not.toThrow()
})

function readdirSyncOrFile(path: string): void {
  try {
    readdirSync(`${root}${path}`)
  } catch {
    read(path)
  }
}

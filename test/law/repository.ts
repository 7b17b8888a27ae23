/** The files the laws are about. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from './source.ts'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const ROOTS = ['shared', 'templates', 'control', 'runtime', 'docker', 'test']
const PASSED_OVER = new Set(['node_modules', 'dist', '.turbo', '.tools', 'migrations', 'fixtures'])

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: false }).flatMap((entry) => {
    if (PASSED_OVER.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? listFiles(path) : [path]
  })
}

export function readSources(): SourceFile[] {
  const present = readdirSync(ROOT)
  return ROOTS.filter((root) => present.includes(root))
    .flatMap((root) => listFiles(join(ROOT, root)))
    .filter((path) => /\.(?:ts|tsx|mts|mjs|js)$/.test(path))
    .map((path) => ({ path: relative(ROOT, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }))
}

/** Pages below `docs/problems/` by their code. */
export function readProblemPages(): Map<string, string> {
  const folder = join(ROOT, 'docs/problems')
  const names = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md')
  return new Map(names.map((name) => [name.slice(0, -3), readFileSync(join(folder, name), 'utf8')]))
}

/** The table of all problems. */
export const readProblemIndex = (): string => readFileSync(join(ROOT, 'docs/problems/README.md'), 'utf8')

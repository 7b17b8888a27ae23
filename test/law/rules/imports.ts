/** Who imports whom: the walls between zones, the forward order inside rest, and no circles. */
import { posix } from 'node:path'
import { type Breach, importsOf, type SourceFile } from '../source.ts'
import { mayImport, restStepOf, zoneOf } from './zones.ts'

/** One import of one file of ours by another. */
export type Edge = { from: string; to: string; line: number }

export function edgesOf(files: readonly SourceFile[]): Edge[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ specifier, line }) => {
      const to = resolve(file.path, specifier)
      return to === undefined ? [] : [{ from: file.path, to, line }]
    }),
  )
}

/** @returns the file in the repository; undefined when the module is none of ours. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier))
  const ours = /^@cascata\/(shared|control|runtime|templates)(?:\/(.+))?$/.exec(specifier)
  if (!ours) return undefined
  const [, name = '', rest] = ours
  if (name === 'templates') return `templates/${rest ? `${rest}.ts` : 'index.ts'}`
  return `${name}/src/${rest}.ts`
}

const isTest = (path: string) => /\.test\.m?ts$/.test(path)

export function brokenWalls(files: readonly SourceFile[]): Breach[] {
  return edgesOf(files).flatMap(({ from, to, line }) => {
    const [zone, other] = [zoneOf(from), zoneOf(to)]
    if (zone === undefined || other === undefined) {
      const nowhere = zone === undefined ? from : to
      return [{ file: from, line, rule: 'walls', detail: `${nowhere} stands in no zone: add it to the plan` }]
    }
    if (mayImport({ zone, isTest: isTest(from) }, other)) return []
    return [{ file: from, line, rule: 'walls', detail: `${zone} may not import ${other} (${to})` }]
  })
}

/** A step may name those before it, never those after. */
export function backwardImports(files: readonly SourceFile[]): Breach[] {
  return edgesOf(files).flatMap(({ from, to, line }) => {
    const [step, other] = [restStepOf(from), restStepOf(to)]
    if (step === undefined || other === undefined || other <= step || isTest(from)) return []
    return [{ file: from, line, rule: 'rest-forward', detail: `${to} is a later step` }]
  })
}

/** Each circle once, type-only imports included, at the import that closes it. */
export function circles(files: readonly SourceFile[]): Breach[] {
  const edges = Map.groupBy(edgesOf(files), ({ from }) => from)
  const done = new Set<string>()
  const trail: string[] = []
  const found: Breach[] = []
  const visit = (path: string) => {
    trail.push(path)
    for (const { to, line } of edges.get(path) ?? []) {
      const at = trail.indexOf(to)
      if (at >= 0) {
        const detail = [...trail.slice(at), to].join(' -> ')
        found.push({ file: path, line, rule: 'no-circles', detail })
      } else if (!done.has(to)) visit(to)
    }
    trail.pop()
    done.add(path)
  }
  for (const { path } of files) if (!done.has(path)) visit(path)
  return found
}

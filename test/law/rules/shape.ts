/** How files look from outside: names, sizes, barrels; and what must not stay in them. */
import { type Breach, breachesOf, type SourceFile, viewsOf } from '../source.ts'

export const LINES_LOOKED_AT = 250
export const LINES_MAX = 400

/** Files that may be longer, each with its reason. */
export const MAY_BE_LONG: Readonly<Record<string, string>> = {
  'test/golden/types/database.ts': 'recorded output: as long as the schema it was made of',
}

const linesOf = ({ text }: SourceFile): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

/** Not broken, but worth a look: [path, lines]. */
export const longFiles = (files: readonly SourceFile[]): [string, number][] =>
  files
    .map((file): [string, number] => [file.path, linesOf(file)])
    .filter(([, lines]) => lines > LINES_LOOKED_AT)

export function tooLong(
  files: readonly SourceFile[],
  allowed: Readonly<Record<string, string>> = MAY_BE_LONG,
): Breach[] {
  return files
    .filter((file) => linesOf(file) > LINES_MAX && !allowed[file.path])
    .map((file) => ({
      file: file.path,
      line: LINES_MAX + 1,
      rule: 'size',
      detail: `${linesOf(file)} lines; ${LINES_MAX} is the limit: split it, or give a reason in the list`,
    }))
}

export function barrels(files: readonly SourceFile[]): Breach[] {
  return files
    .filter(({ path }) => !path.startsWith('templates/'))
    .flatMap((file) => {
      const rule = 'no-barrels'
      const named = /(?:^|\/)index\.[mc]?[tj]sx?$/.test(file.path)
        ? [
            {
              file: file.path,
              line: 1,
              rule,
              detail: 'name the file after what it holds; packages expose subpaths',
            },
          ]
        : []
      const all = {
        pattern: /^[ \t]*export\s+(?:type\s+)?\*/gm,
        rule,
        detail: 'export by name, where the thing is made',
      }
      return [...named, ...breachesOf(file, viewsOf(file.text).code, all)]
    })
}

const SAYS_NOTHING = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'misc',
  'manager',
  'data',
  'info',
])
const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config|bench|d))?\.[mc]?[tj]sx?$/

export function badNames(files: readonly SourceFile[]): Breach[] {
  return files.flatMap(({ path }) => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const breach = (detail: string): Breach => ({ file: path, line: 1, rule: 'names', detail })
    const empty = path
      .split('/')
      .map((part) => part.split('.')[0] ?? '')
      .find((part) => SAYS_NOTHING.has(part))
    return [
      ...(empty ? [breach(`"${empty}" says nothing: name the noun it defines or the verb it does`)] : []),
      ...(KEBAB.test(name) || path.startsWith('control/console/') ? [] : [breach('files are kebab-case')]),
    ]
  })
}

export function looseEnds(files: readonly SourceFile[]): Breach[] {
  return files.flatMap((file) =>
    breachesOf(file, viewsOf(file.text).comments, {
      pattern: /\b(?:TODO|FIXME|XXX|HACK)\b(?!\s*\(?#\d+)/g,
      rule: 'loose-ends',
      detail: 'say which issue it belongs to: TODO(#12)',
    }),
  )
}

export function skippedTests(files: readonly SourceFile[]): Breach[] {
  const pattern =
    /\b(?:test|it|describe|suite|bench)(?:\s*\.\s*\w+)*\s*\.\s*(?:skip|only|todo|fails|skipIf|runIf)\b|\b(?:xit|xtest|xdescribe|fit|fdescribe)\s*\(/g
  return files
    .filter(({ path }) => /\.(?:test|bench)\./.test(path))
    .flatMap((file) =>
      breachesOf(file, viewsOf(file.text).code, {
        pattern,
        rule: 'no-skips',
        detail: 'a test runs or it is not there',
      }),
    )
}

/** Every problem that can be shown has a page, every page has a problem, and a code is declared once. */
import { type Breach, lineAt, type SourceFile, viewsOf } from '../source.ts'

export type Declared = { code: string; file: string; line: number; status: string | undefined }

/** What nginx answers by itself stands here as text: it names problems too, some of them control's own. */
const EDGE_ANSWERS = 'control/src/edge/answers.ts'
const ANSWERS = /\bstatus:\s*(\d{3}),\s*code:\s*'([^']*)'/g

const DECLARES = /\b(?:problem|new\s+Problem)\s*(?:<[^(]*>)?\s*\(\s*(['"])([^'"]*)\1/g

export function declaredProblems(files: readonly SourceFile[]): Declared[] {
  return files
    .filter(({ path }) => !/\.test\./.test(path) && !path.startsWith('test/'))
    .flatMap((file) => {
      const { bare } = viewsOf(file.text)
      return [...bare.matchAll(DECLARES)].map((found) => ({
        code: found[2] ?? '',
        file: file.path,
        line: lineAt(file.text, found.index),
        status: /^[^)]*?\b(\d{3})\b/.exec(bare.slice(found.index + found[0].length))?.[1],
      }))
    })
}

export function answeredAtTheEdge(files: readonly SourceFile[]): Declared[] {
  return files
    .filter(({ path }) => path === EDGE_ANSWERS)
    .flatMap((file) =>
      [...viewsOf(file.text).bare.matchAll(ANSWERS)].map((found) => ({
        code: found[2] ?? '',
        file: file.path,
        line: lineAt(file.text, found.index),
        status: found[1],
      })),
    )
}

/** A page says what it is, why it happens, how to mend it. */
const PARTS: readonly (readonly [name: string, heading: RegExp])[] = [
  ['what it means', /^##\s+What\b.*\n+\s*\S/im],
  ['why it happens', /^##\s+Why\b.*\n+\s*\S/im],
  ['how to mend it', /^##\s+How\b.*\n+\s*\S/im],
]

export function problemsWithoutPage(
  declared: readonly Declared[],
  pages: ReadonlyMap<string, string>,
): Breach[] {
  return declared.flatMap(({ code, file, line }) => {
    const breach = (detail: string): Breach => ({ file, line, rule: 'problem-pages', detail })
    if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(code)) return [breach(`"${code}" is not kebab-case`)]
    const page = pages.get(code)
    if (page === undefined) return [breach(`docs/problems/${code}.md is missing`)]
    const title = /^#\s+\S/m.test(page) ? [] : [breach(`docs/problems/${code}.md has no title`)]
    const parts = PARTS.filter(([, heading]) => !heading.test(page))
    return [...title, ...parts.map(([name]) => breach(`docs/problems/${code}.md does not say ${name}`))]
  })
}

export function pagesWithoutProblem(
  declared: readonly Declared[],
  pages: ReadonlyMap<string, string>,
): Breach[] {
  const codes = new Set(declared.map(({ code }) => code))
  return [...pages.keys()]
    .filter((code) => !codes.has(code))
    .map((code) => ({
      file: `docs/problems/${code}.md`,
      line: 1,
      rule: 'problem-pages',
      detail: 'no problem has this code',
    }))
}

export function declaredTwice(declared: readonly Declared[]): Breach[] {
  const first = new Map<string, Declared>()
  return declared.flatMap((one) => {
    const before = first.get(one.code)
    if (!before) {
      first.set(one.code, one)
      return []
    }
    const detail = `"${one.code}" is declared in ${before.file}:${before.line} already`
    return [{ file: one.file, line: one.line, rule: 'problem-once', detail }]
  })
}

const ROW = /^\| \[`([^`]+)`\]\(([^)]+)\) \| ([^|]*) \|/gm

/** The index lists every page once, no other, each with the statuses it comes with. */
export function brokenIndex(
  index: string,
  named: readonly Declared[],
  pages: ReadonlyMap<string, string>,
): Breach[] {
  const rows = [...index.matchAll(ROW)].map(([, code = '', target = '', statuses = ''], at, all) => ({
    ...{ code, target, statuses, line: lineAt(index, all[at]?.index ?? 0) },
    isRepeated: all.findIndex((each) => each[1] === code) < at,
  }))
  const breach = (line: number, detail: string): Breach => ({
    ...{ file: 'docs/problems/README.md', line, rule: 'problem-index', detail },
  })
  const listed = new Set(rows.map(({ code }) => code))
  const missing = [...pages.keys()].filter((code) => !listed.has(code))
  return [
    ...missing.map((code) => breach(1, `"${code}" is not listed`)),
    ...rows.flatMap(({ code, target, statuses, line, isRepeated }) => {
      if (!pages.has(code) || target !== `${code}.md`) return [breach(line, `"${code}" has no such page`)]
      if (isRepeated) return [breach(line, `"${code}" is listed twice`)]
      const untold = named.filter((one) => one.code === code && !statuses.includes(one.status ?? ''))
      return untold.map(({ status }) => breach(line, `"${code}" is answered with ${status}`))
    }),
  ]
}

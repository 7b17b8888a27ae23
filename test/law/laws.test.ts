/** The walls of the house, on the sources as they are. A broken law names file, line and rule. */
import { expect, test } from 'vitest'
import { readProblemIndex, readProblemPages, readSources } from './repository.ts'
import { backwardImports, brokenWalls, circles } from './rules/imports.ts'
import { shellStrings, strayEnvironment, strayPackages } from './rules/owners.ts'
import {
  answeredAtTheEdge,
  brokenIndex,
  declaredProblems,
  declaredTwice,
  pagesWithoutProblem,
  problemsWithoutPage,
} from './rules/problems.ts'
import { badNames, barrels, longFiles, looseEnds, MAY_BE_LONG, skippedTests, tooLong } from './rules/shape.ts'
import { inWords } from './source.ts'

const files = readSources()
const declared = declaredProblems(files)
const named = [...declared, ...answeredAtTheEdge(files)]

test.each([
  ['each zone imports only what its line in the plan allows', () => brokenWalls(files)],
  ['inside rest, imports run forwards only', () => backwardImports(files)],
  ['no circles, type-only imports included', () => circles(files)],
  ['Hono, drizzle and dockerode stay in their places', () => strayPackages(files)],
  ['only config.ts reads the environment', () => strayEnvironment(files)],
  ['no shell strings', () => shellStrings(files)],
  ['no barrels', () => barrels(files)],
  ['no file is too long', () => tooLong(files)],
  ['names say something', () => badNames(files)],
  ['what is left to do has an issue', () => looseEnds(files)],
  ['no test is skipped or alone', () => skippedTests(files)],
  ['each problem has its page, with what, why and how', () => problemsWithoutPage(named, readProblemPages())],
  ['each page has its problem', () => pagesWithoutProblem(named, readProblemPages())],
  [
    'the index of problems lists every page and only those',
    () => brokenIndex(readProblemIndex(), named, readProblemPages()),
  ],
  ['a problem is declared once', () => declaredTwice(declared)],
])('%s', (_sentence, breaches) => {
  expect(breaches().map(inWords)).toEqual([])
})

test('the laws saw the house: there are sources in it, and problems', () => {
  expect(files.length).toBeGreaterThan(40)
  expect(declared.length).toBeGreaterThan(5)
})

test('whoever may be long is there, is long, and says why', () => {
  for (const [path, reason] of Object.entries(MAY_BE_LONG)) {
    expect(tooLong(files, {}).map(({ file }) => file)).toContain(path)
    expect(reason.length).toBeGreaterThan(20)
  }
})

const long = longFiles(files)
if (long.length > 0) {
  const list = long.map(([path, lines]) => `  ${path} ${lines}`)
  process.stderr.write(`look at these, they grow long:\n${list.join('\n')}\n`)
}

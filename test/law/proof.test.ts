/** Each law can be broken: here are the offences, and what is said of them. A law that catches nothing fails here. */
import { describe, expect, test } from 'vitest'
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
import { badNames, barrels, looseEnds, skippedTests, tooLong } from './rules/shape.ts'
import { type Breach, inWords, type SourceFile } from './source.ts'

type Law = (files: readonly SourceFile[]) => Breach[]
const said = (law: Law, path: string, text: string) => law([{ path, text }]).map(inWords)

describe('walls', () => {
  test.each([
    ['control never imports runtime', 'control/src/app/a.ts', '@cascata/runtime/config'],
    ['runtime never imports control', 'runtime/src/http/a.ts', '@cascata/control/config'],
    ['shared imports nothing of ours', 'shared/src/a.ts', '@cascata/templates'],
    ['templates import nothing', 'templates/a.ts', '@cascata/shared/problem'],
    ['routes do not reach the store', 'control/src/http/routes/a.ts', '../../store/projects.ts'],
    ['use cases do not reach the engine', 'control/src/app/a.ts', '../engine/engine.ts'],
    ['the store knows no use case', 'control/src/store/a.ts', '../app/projects.ts'],
    ['a reconciler knows no route', 'control/src/reconcile/projects/a.ts', '../../http/app.ts'],
    ['a reconciler knows no use case', 'control/src/reconcile/projects/a.ts', '../../app/projects.ts'],
    ['the model of the edge is pure', 'control/src/edge/a.ts', '../store/projects.ts'],
    ['the command is a client', 'control/cli/a.ts', '../src/app/projects.ts'],
    ['services never import each other', 'runtime/src/rest/a.ts', '../auth/tokens.ts'],
    ['a service does not know the server', 'runtime/src/rest/a.ts', '../http/service.ts'],
    ['the session does not know the gate', 'runtime/src/session/a.ts', '../gate/limits.ts'],
    ['the wire knows no service', 'runtime/src/wire/a.ts', '../rest/errors.ts'],
    ['acceptance speaks over the wire', 'test/acceptance/a.test.ts', '@cascata/control/config'],
    ['so do the suites that judge more than one place', 'test/suites/a.test.ts', '@cascata/runtime/config'],
  ])('%s', (_sentence, path, specifier) => {
    expect(said(brokenWalls, path, `const one = 1\nimport type { A } from '${specifier}'\n`)).toEqual([
      expect.stringMatching(new RegExp(`^${path}:2 \\[walls\\] `)),
    ])
  })

  test.each([
    ['main builds every part', 'control/src/main.ts', './reconcile/driver.ts'],
    ['a reconciler reads the store', 'control/src/reconcile/projects/a.ts', '../../store/projects.ts'],
    ['everyone speaks of shared', 'runtime/src/rest/a.ts', '@cascata/shared/sql'],
    ['services stand on the session', 'runtime/src/rest/a.ts', '../session/database.ts'],
    ['a service may split itself', 'runtime/src/rest/plan/a.ts', '../schema/cache.ts'],
    ['a module of others is no wall', 'runtime/src/rest/a.ts', 'node:crypto'],
  ])('%s', (_sentence, path, specifier) => {
    expect(said(brokenWalls, path, `import { a } from '${specifier}'`)).toEqual([])
  })

  test('a new folder must be given a place', () => {
    expect(said(brokenWalls, 'attic/src/a.ts', "import { a } from './b.ts'")).toEqual([
      'attic/src/a.ts:1 [walls] attic/src/a.ts stands in no zone: add it to the plan',
    ])
  })

  test('a step of rest may not name a later one, not even its type', () => {
    const backwards = "import type { Plan } from '../plan/plan.ts'"
    expect(said(backwardImports, 'runtime/src/rest/request/parse.ts', backwards)).toEqual([
      'runtime/src/rest/request/parse.ts:1 [rest-forward] runtime/src/rest/plan/plan.ts is a later step',
    ])
    expect(said(backwardImports, 'runtime/src/rest/sql/read.ts', backwards)).toEqual([])
  })

  test('a circle is found, however long, type-only too', () => {
    const files = [
      { path: 'shared/src/a.ts', text: "import { b } from './b.ts'" },
      { path: 'shared/src/b.ts', text: "import { c } from '@cascata/shared/c'" },
      { path: 'shared/src/c.ts', text: "\nimport type { A } from './a.ts'" },
    ]
    expect(circles(files).map(inWords)).toEqual([
      'shared/src/c.ts:2 [no-circles] shared/src/a.ts -> shared/src/b.ts -> shared/src/c.ts -> shared/src/a.ts',
    ])
    expect(circles(files.slice(0, 2))).toEqual([])
  })
})

describe('one place each', () => {
  test.each([
    ['Hono in a use case', strayPackages, "import { Hono } from 'hono'"],
    ['a middleware of Hono in a use case', strayPackages, "import { cors } from 'hono/cors'"],
    ['drizzle in a use case', strayPackages, "import { eq } from 'drizzle-orm'"],
    ['dockerode in a use case', strayPackages, "import Docker from 'dockerode'"],
    ['the environment', strayEnvironment, 'const home = process.env.CASCATA_HOME'],
    ['the environment, taken apart', strayEnvironment, 'const { env } = process'],
    ['the environment, imported', strayEnvironment, "import { env } from 'node:process'"],
    ['a shell by option', shellStrings, "spawn('ls', { shell: true })"],
    ['a shell by exec', shellStrings, "import { exec } from 'node:child_process'"],
    ['a shell by execSync', shellStrings, "import { spawn, execSync } from 'child_process'"],
    ['a shell by a member', shellStrings, "childProcess.exec('ls')"],
    ['a shell by argv', shellStrings, "engine.exec(['sh', '-c', line])"],
    ['a shell by argv, with a path', shellStrings, "engine.exec(['/bin/bash', '-lc', line])"],
  ])('%s is found', (_sentence, law, offence) => {
    expect(said(law, 'control/src/app/a.ts', `// one\n${offence}\n`)).toEqual([
      expect.stringMatching(/^control\/src\/app\/a\.ts:2 \[/),
    ])
  })

  test.each([
    ['Hono in http', strayPackages, 'control/src/http/app.ts', "import { Hono } from 'hono'"],
    ['drizzle in the store', strayPackages, 'control/src/store/a.ts', "import { eq } from 'drizzle-orm'"],
    [
      'dockerode in its engine',
      strayPackages,
      'control/src/engine/docker/a.ts',
      "import Docker from 'dockerode'",
    ],
    ['the environment in config.ts', strayEnvironment, 'control/src/config.ts', 'process.env.HOME'],
    ['a word about the environment', strayEnvironment, 'control/src/app/a.ts', '// not process.env'],
    ['execFile', shellStrings, 'control/src/app/a.ts', "import { execFile } from 'node:child_process'"],
    ['a pattern that execs', shellStrings, 'control/src/app/a.ts', '/x/.exec(text)'],
    ['a shell inside an image', shellStrings, 'docker/a.mjs', "run(['sh', '-c', 'ls'])"],
  ])('%s is left alone', (_sentence, law, path, text) => {
    expect(said(law, path, text)).toEqual([])
  })
})

describe('shape', () => {
  test.each([
    ['a file of 401 lines', tooLong, 'shared/src/a.ts', 'a\n'.repeat(401), '401'],
    ['an index', barrels, 'shared/src/index.ts', '', '1'],
    ['a star', barrels, 'shared/src/a.ts', "\nexport * from './b.ts'", '2'],
    ['a name that says nothing', badNames, 'shared/src/utils.ts', '', '1'],
    ['a folder that says nothing', badNames, 'shared/src/helpers/a.ts', '', '1'],
    ['a name in camel case', badNames, 'shared/src/projectDocument.ts', '', '1'],
    ['a loose end', looseEnds, 'shared/src/a.ts', '\n\n// TODO: later', '3'],
    ['a loose end in a block', looseEnds, 'shared/src/a.ts', '/**\n * FIXME soon\n */', '2'],
    ['a skipped test', skippedTests, 'shared/src/a.test.ts', "\ntest.skip('a', () => {})", '2'],
    ['a test alone', skippedTests, 'shared/src/a.test.ts', "describe.only('a', () => {})", '1'],
    ['a test on condition', skippedTests, 'shared/src/a.test.ts', "test.skipIf(slow)('a', () => {})", '1'],
    ['a test to come', skippedTests, 'shared/src/a.test.ts', "test.concurrent.todo('a')", '1'],
  ])('%s is found', (_sentence, law, path, text, line) => {
    expect(said(law, path, text).map((words) => words.split(' ')[0])).toEqual([`${path}:${line}`])
  })

  test.each([
    ['a file of 400 lines', tooLong, 'shared/src/a.ts', 'a\n'.repeat(400)],
    ['an index of templates', barrels, 'templates/index.ts', ''],
    ['a loose end with its issue', looseEnds, 'shared/src/a.ts', '// TODO(#12): later'],
    ['the word in a string', looseEnds, 'shared/src/a.ts', "const word = 'TODO'"],
    [
      'the word in a text of a test',
      skippedTests,
      'shared/src/a.test.ts',
      "test('test.skip is refused', () => {})",
    ],
    ['a method called only', skippedTests, 'shared/src/a.test.ts', 'list.only(1)'],
  ])('%s is left alone', (_sentence, law, path, text) => {
    expect(said(law, path, text)).toEqual([])
  })

  test('a long file with a reason is let be', () => {
    const file = { path: 'shared/src/a.ts', text: 'a\n'.repeat(500) }
    expect(tooLong([file], { 'shared/src/a.ts': 'one table that reads best whole' })).toEqual([])
  })
})

describe('problems', () => {
  const page = '# A title\n\n## What it means\nThis.\n\n## Why it happens\nSo.\n\n## How to mend it\nThus.\n'
  const declare = (code: string) => [
    { path: 'shared/src/problems/a.ts', text: `\nexport const A = problem(\n  '${code}', {})` },
  ]
  const check = (code: string, pages: [string, string][]) =>
    problemsWithoutPage(declaredProblems(declare(code)), new Map(pages)).map(inWords)

  test.each([
    ['no page', 'a-b', [], 'docs/problems/a-b.md is missing'],
    ['a code in camel case', 'aB', [['aB', page]], '"aB" is not kebab-case'],
    [
      'a page without a title',
      'a-b',
      [['a-b', page.replace('# A title', '')]],
      'docs/problems/a-b.md has no title',
    ],
    [
      'a page without its what',
      'a-b',
      [['a-b', page.replace('## What', '## Which')]],
      'docs/problems/a-b.md does not say what it means',
    ],
    [
      'a page without its why',
      'a-b',
      [['a-b', page.replace('## Why', '## When')]],
      'docs/problems/a-b.md does not say why it happens',
    ],
    [
      'a page without its how',
      'a-b',
      [['a-b', page.replace('Thus.\n', '')]],
      'docs/problems/a-b.md does not say how to mend it',
    ],
  ] as [string, string, [string, string][], string][])('%s is found', (_sentence, code, pages, words) => {
    expect(check(code, pages)).toEqual([`shared/src/problems/a.ts:2 [problem-pages] ${words}`])
  })

  test('a whole page is enough', () => {
    expect(check('a-b', [['a-b', page]])).toEqual([])
  })

  test('a page of no problem is found', () => {
    const breaches = pagesWithoutProblem(declaredProblems(declare('a-b')), new Map([['old', page]]))
    expect(breaches.map(inWords)).toEqual(['docs/problems/old.md:1 [problem-pages] no problem has this code'])
  })

  test('a code declared twice is found', () => {
    const twice = [...declare('a-b'), { path: 'shared/src/problems/b.ts', text: "new Problem('a-b', 400)" }]
    expect(declaredTwice(declaredProblems(twice)).map(inWords)).toEqual([
      'shared/src/problems/b.ts:1 [problem-once] "a-b" is declared in shared/src/problems/a.ts:2 already',
    ])
  })

  test('what nginx answers by itself needs its page', () => {
    const text = "\nexport const Away: Answer = {\n  status: 503,\n  code: 'a-b',\n}"
    const answers = answeredAtTheEdge([{ path: 'control/src/edge/answers.ts', text }])
    expect(problemsWithoutPage(answers, new Map()).map(inWords)).toEqual([
      'control/src/edge/answers.ts:3 [problem-pages] docs/problems/a-b.md is missing',
    ])
  })

  const row = (code: string, status: string) => `| [\`${code}\`](${code}.md) | ${status} | What it is |\n`
  const [stated] = declare('a-b').map((file) => ({
    ...file,
    text: file.text.replace('{}', '{ status: 409 }'),
  }))

  test.each([
    ['a page that is not listed', '', ':1 [problem-index] "a-b" is not listed'],
    ['a row without a page', row('a-b', '409') + row('c', '400'), ':2 [problem-index] "c" has no such page'],
    ['a row twice', row('a-b', '409') + row('a-b', '409'), ':2 [problem-index] "a-b" is listed twice'],
    ['another status', row('a-b', '404'), ':1 [problem-index] "a-b" is answered with 409'],
  ])('in the index %s is found', (_sentence, index, words) => {
    const named = declaredProblems(stated ? [stated] : [])
    const breaches = brokenIndex(index, named, new Map([['a-b', page]]))
    expect(breaches.map(inWords)).toEqual([`docs/problems/README.md${words}`])
  })

  test('an index that lists every page with its statuses is right', () => {
    const named = declaredProblems(stated ? [stated] : [])
    expect(brokenIndex(row('a-b', '409, 503'), named, new Map([['a-b', page]]))).toEqual([])
  })
})

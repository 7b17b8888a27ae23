import { expect, test } from 'vitest'
import { importsOf, viewsOf } from './source.ts'

const specifiers = (text: string) =>
  importsOf({ path: 'a.ts', text }).map(({ specifier, line }) => `${line} ${specifier}`)

test.each([
  ['a plain import', "import { a } from './a.ts'", ['1 ./a.ts']],
  ['a type-only import', "import type { A } from './a.ts'", ['1 ./a.ts']],
  ['an import over lines', "import {\n  a,\n} from './a.ts'", ['3 ./a.ts']],
  ['an import for its effect', "import './a.ts'", ['1 ./a.ts']],
  ['a dynamic import', "const a = await import('./a.ts')", ['1 ./a.ts']],
  ['an import inside a type', "type A = import('./a.ts').A", ['1 ./a.ts']],
  ['a re-export', "export { a } from './a.ts'", ['1 ./a.ts']],
  ['a require', "const a = require('a')", ['1 a']],
  ['double quotes', 'import a from "a"', ['1 a']],
  ['none in a comment', "// import './a.ts'\n/* import './b.ts' */", []],
  ['none in a string', 'const text = "import \'./a.ts\'"', []],
  ['none in a template', "const text = `import './a.ts'`", []],
  ['one in the code of a template', `const text = \`x \${await import('./a.ts')} './b.ts'\``, ['1 ./a.ts']],
  ['one after a pattern with a quote', "const quote = /['\"]/\nimport './a.ts'", ['2 ./a.ts']],
  ['one after a division', "const half = a / b // '\nimport './a.ts'", ['2 ./a.ts']],
  ['none where from is a method', "Buffer.from('./a.ts')", []],
])('finds %s', (_sentence, text, expected) => {
  expect(specifiers(text)).toEqual(expected)
})

test('views keep every character in its place', () => {
  const text = `const a = \`x\${ { b: "c" } }y\` // d\nconst e = /[/"]/g.test('f') /* g\nh */ + 1`
  const { code, bare, comments } = viewsOf(text)
  for (const view of [code, bare, comments]) {
    expect(view.length).toBe(text.length)
    expect(view.indexOf('\n')).toBe(text.indexOf('\n'))
  }
  expect(code).toBe(`const a = \` \${ { b: " " } } \`     \nconst e = /    /g.test(' ')     \n     + 1`)
  expect(bare).toBe(`const a = \`x\${ { b: "c" } }y\`     \nconst e = /[/"]/g.test('f')     \n     + 1`)
  expect(comments.replace(/\s+/g, ' ').trim()).toBe('// d /* g h */')
})

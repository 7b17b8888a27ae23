/** Reads a configuration as nginx does: words, quotes with their escapes, blocks. Written from nginx's own rules, for the tests. */

import { isIP } from 'node:net'

export type Directive = { words: string[]; block: Directive[] | undefined }

const SPACE = new Set([' ', '\t', '\r', '\n'])

/** @throws on what nginx would not read. */
export function parseNginx(text: string): Directive[] {
  let at = 0
  const peek = () => text[at]

  function blanks(): void {
    for (;;) {
      while (SPACE.has(peek() ?? '')) at += 1
      if (peek() !== '#') return
      while (at < text.length && peek() !== '\n') at += 1
    }
  }

  function word(): string {
    const quote = peek()
    if (quote !== "'" && quote !== '"') return bare()
    at += 1
    let found = ''
    for (;;) {
      const each = peek()
      if (each === undefined) throw new Error('a quote is never closed')
      at += 1
      if (each === quote) break
      if (each === '\\') {
        found += text[at] ?? ''
        at += 1
      } else found += each
    }
    const after = peek() ?? ''
    if (!SPACE.has(after) && after !== ';' && after !== '{' && after !== ')')
      throw new Error(`"${after}" behind a quote`)
    return found
  }

  function bare(): string {
    let found = ''
    for (;;) {
      const each = peek()
      if (each === undefined) throw new Error('the text ends within a directive')
      if (SPACE.has(each) || each === ';') return found
      // A variable's braces are part of the word.
      if (each === '{' && !found.endsWith('$')) return found
      found += each
      at += 1
      if (each === '\\') {
        found += peek() ?? ''
        at += 1
      }
    }
  }

  function directives(depth: number): Directive[] {
    const all: Directive[] = []
    for (;;) {
      blanks()
      if (peek() === undefined && depth === 0) return all
      if (peek() === '}' && depth > 0) {
        at += 1
        return all
      }
      if (peek() === undefined || peek() === '}') throw new Error('braces do not match')
      all.push(directive(depth))
    }
  }

  function directive(depth: number): Directive {
    const words: string[] = []
    for (;;) {
      blanks()
      if (peek() === ';' || peek() === '{') {
        if (words.length === 0) throw new Error('a directive without a name')
        const opens = peek() === '{'
        at += 1
        return { words, block: opens ? directives(depth + 1) : undefined }
      }
      words.push(word())
    }
  }

  return directives(0)
}

/** The names alone, nested as they are. What a `geo` is told of an address has that for a name. */
export const outlineOf = (directives: readonly Directive[], within = ''): unknown[] =>
  directives.map(({ words: [first = '', ...rest], block }) => {
    const name = within === 'geo' && isIP(first.split('/')[0] ?? '') !== 0 ? 'address' : first
    return block === undefined
      ? `${name}/${rest.length}`
      : [`${name}/${rest.length}`, ...outlineOf(block, name)]
  })

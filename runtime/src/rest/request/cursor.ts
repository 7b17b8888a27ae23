/**
 * A position in a piece of query string, and what would have been right at the furthest place reached.
 *
 * The messages follow Parsec's habits (PostgREST is written with it): of all attempts the one that came
 * furthest speaks, and lists every alternative it would have taken there.
 */
import type { Parameter } from '../../session/database.ts'
import { QueryNotParsed, type RestError } from '../errors.ts'
import { Slot } from './types.ts'

export type Mark = { pos: number; values: number }

export class Cursor {
  readonly text: string
  pos = 0
  /** Values met so far: parameters of the statement, in order. */
  readonly values: Parameter[]
  private furthest = 0
  private expected: string[] = []
  private endTried = false

  constructor(text: string, values: Parameter[]) {
    this.text = text
    this.values = values
  }

  mark(): Mark {
    return { pos: this.pos, values: this.values.length }
  }

  /** Goes back, and forgets the values met since. */
  back(mark: Mark): null {
    this.pos = mark.pos
    this.values.length = mark.values
    return null
  }

  slot(value: Parameter): Slot {
    this.values.push(value)
    return new Slot(this.values.length - 1)
  }

  /** Notes what would have been right here. Always null, for `return cursor.expect(...)`. */
  expect(...labels: string[]): null {
    if (this.pos > this.furthest) {
      this.furthest = this.pos
      this.expected = []
      this.endTried = false
    }
    if (this.pos === this.furthest) this.expected.push(...labels)
    return null
  }

  take(piece: string): boolean {
    if (this.text.startsWith(piece, this.pos)) {
      this.pos += piece.length
      return true
    }
    this.expect(piece === '.' ? 'delimiter (.)' : JSON.stringify(piece))
    return false
  }

  /** Takes what a sticky expression matches; null when it does not match here. */
  match(sticky: RegExp): string | null {
    sticky.lastIndex = this.pos
    const found = sticky.exec(this.text)
    if (!found) return null
    this.pos = sticky.lastIndex
    return found[0]
  }

  peek(piece: string): boolean {
    return this.text.startsWith(piece, this.pos)
  }

  skipBlanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.pos)
      if (code !== 32 && code !== 9) return
      this.pos++
    }
  }

  atEnd(): boolean {
    if (this.pos >= this.text.length) return true
    this.expect('end of input')
    if (this.pos === this.furthest) this.endTried = true
    return false
  }

  /** @param what e.g. `failed to parse order (id.ac)` */
  error(what: string): RestError {
    const at = this.text.slice(0, this.furthest)
    const column = [...at].length + 1
    const next = String.fromCodePoint(this.text.codePointAt(this.furthest) ?? 0)
    const atEnd = this.furthest >= this.text.length
    const unexpected = atEnd ? 'end of input' : this.endTried ? `'${next}'` : JSON.stringify(next)
    return QueryNotParsed(
      `"${what}" (line 1, column ${column})`,
      `unexpected ${unexpected} expecting ${enumerate(this.expected)}`,
    )
  }
}

function enumerate(labels: readonly string[]): string {
  const unique = [...new Set(labels)]
  const last = unique.pop() ?? 'something else'
  return unique.length === 0 ? last : `${unique.join(', ')} or ${last}`
}

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
  /** The character that was not what it should have been; empty at the end of the text. */
  private wrong: string | null = null

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
    this.note(labels, this.text.charAt(this.pos))
    return null
  }

  /** As `expect`, for whole words: what is wrong is the first letter that the first word does not have. */
  expectWords(...words: string[]): null {
    const [first = ''] = words
    let at = 0
    while (at < first.length && this.text[this.pos + at] === first[at]) at++
    this.note(
      words.map((word) => JSON.stringify(word)),
      this.text.charAt(this.pos + at),
    )
    return null
  }

  /** Tells all that was expected here by one name. */
  expectInstead(label: string): void {
    this.note([], this.text.charAt(this.pos))
    if (this.pos === this.furthest) this.expected = [label]
  }

  /** What was tried from here on does not count: another reading of the same text speaks for it. */
  forget(): void {
    this.furthest = this.pos
    this.clear()
  }

  private note(labels: readonly string[], wrong: string): void {
    if (this.pos > this.furthest) {
      this.furthest = this.pos
      this.clear()
    }
    if (this.pos !== this.furthest) return
    this.wrong ??= wrong
    this.expected.push(...labels)
  }

  private clear(): void {
    this.expected = []
    this.endTried = false
    this.wrong = null
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
    const here = this.text.charAt(this.furthest)
    const wrong = this.endTried ? here : (this.wrong ?? here)
    const shown = this.endTried ? `'${wrong}'` : JSON.stringify(wrong)
    const unexpected = wrong === '' ? 'end of input' : shown
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

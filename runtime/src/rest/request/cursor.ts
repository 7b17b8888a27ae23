/** A position in a piece of query string, and the values met so far. What did not parse is told by `grammar.ts`. */
import type { Parameter } from '../../session/database.ts'
import { Slot } from './types.ts'

export type Mark = { pos: number; values: number }

export class Cursor {
  readonly text: string
  pos = 0
  /** Values met so far: parameters of the statement, in order. */
  readonly values: Parameter[]

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

  take(piece: string): boolean {
    if (!this.text.startsWith(piece, this.pos)) return false
    this.pos += piece.length
    return true
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
}

/**
 * The prepared statements of one connection: bounded, the least recently used goes first.
 *
 * A statement belongs to a scope (role and search path). Postgres would plan it anew at each change of either, so
 * two roles that take turns on a connection each have their own.
 *
 * Their names begin with a word of the connection's own: a function that PREPAREs something cannot hit upon one.
 */
import { randomBytes } from 'node:crypto'

export type Statement = {
  readonly name: string
  readonly scope: string
  readonly text: string
  /** The names of the result's columns, once Postgres has described it. */
  columns: readonly string[] | undefined
  usedAt: number
}

export class StatementCache {
  readonly #max: number
  readonly #scopes = new Map<string, Map<string, Statement>>()
  #size = 0
  readonly #prefix = `s${randomBytes(5).toString('hex')}_`
  #made = 0
  #uses = 0
  #closed: string[] = []

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  find(scope: string, text: string): Statement | undefined {
    const statement = this.#scopes.get(scope)?.get(text)
    if (statement) statement.usedAt = ++this.#uses
    return statement
  }

  /** A name for a text that is about to be parsed. */
  add(scope: string, text: string): Statement {
    if (this.#size >= this.#max) this.#forgetOldest()
    this.#made += 1
    this.#uses += 1
    const statement = {
      name: `${this.#prefix}${this.#made}`,
      scope,
      text,
      columns: undefined,
      usedAt: this.#uses,
    }
    const texts = this.#scopes.get(scope)
    if (texts) texts.set(text, statement)
    else this.#scopes.set(scope, new Map([[text, statement]]))
    this.#size += 1
    return statement
  }

  /** Closes it in Postgres too. What is in flight and uses it is not disturbed: it stands earlier on the wire. */
  forget(statement: Statement): void {
    const texts = this.#scopes.get(statement.scope)
    if (texts?.get(statement.text) !== statement) return
    texts.delete(statement.text)
    if (texts.size === 0) this.#scopes.delete(statement.scope)
    this.#size -= 1
    this.#closed.push(statement.name)
  }

  /** Names to close at the start of the next turn, where no failure can swallow the message. */
  takeClosed(): string[] {
    if (this.#closed.length === 0) return this.#closed
    const closed = this.#closed
    this.#closed = []
    return closed
  }

  #forgetOldest(): void {
    let oldest: Statement | undefined
    for (const texts of this.#scopes.values()) {
      for (const statement of texts.values()) {
        if (!oldest || statement.usedAt < oldest.usedAt) oldest = statement
      }
    }
    if (oldest) this.forget(oldest)
  }
}

/**
 * SQL text with its parameters beside it. A value never becomes text: the tag takes it as a parameter, and the
 * only way to put a name in is `ident`, which quotes it.
 */
export class Sql {
  /** Pieces of text, one more than there are values. */
  readonly texts: readonly string[]
  readonly values: readonly unknown[]

  constructor(texts: readonly string[], values: readonly unknown[]) {
    this.texts = texts
    this.values = values
  }
}

/** A statement as Postgres takes it: `$1` placeholders and their values. */
export type Statement = { text: string; values: readonly unknown[] }

export function sql(strings: TemplateStringsArray, ...holes: unknown[]): Sql {
  const texts = [strings[0] ?? '']
  const values: unknown[] = []
  holes.forEach((hole, at) => {
    const after = strings[at + 1] ?? ''
    if (hole instanceof Sql) {
      texts[texts.length - 1] += hole.texts[0] ?? ''
      texts.push(...hole.texts.slice(1))
      values.push(...hole.values)
      texts[texts.length - 1] += after
    } else {
      values.push(hole)
      texts.push(after)
    }
  })
  return new Sql(texts, values)
}

/** Text that is ours, never a caller's: a keyword, an operator from a table. */
export const raw = (text: string): Sql => new Sql([text], [])

export const empty = raw('')

/** A quoted, dotted name: `ident('public', 'a"b')` is `"public"."a""b"`. */
export const ident = (...names: readonly string[]): Sql =>
  raw(names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.'))

/** A string literal, for the statements that take no parameters (`create role ... password`). */
export const literal = (text: string): Sql => {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return raw(text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted)
}

export function join(parts: readonly Sql[], separator: Sql): Sql {
  return parts.reduce((all, part, at) => (at === 0 ? part : sql`${all}${separator}${part}`), empty)
}

export function toStatement(query: Sql): Statement {
  const text = query.texts.reduce((all, piece, at) => (at === 0 ? piece : `${all}$${at}${piece}`), '')
  return { text, values: query.values }
}

/**
 * Parsers that can say what would have been right, as Parsec says it: PostgREST is written with that library, and its
 * clients read the words. Slow and exact; only a text that did not parse is ever put through them.
 *
 * An error is a place and what was seen and expected there. Of two errors the one further on counts; at one place
 * they are joined. A choice that has taken a letter is final, unless it was an attempt.
 */

/** In the order they are told. `found` is a letter that no word fits, `refused` what an explicit refusal names. */
type Word = { kind: 'found' | 'refused' | 'expected'; text: string }
export type Failure = { at: number; words: readonly Word[] }

type Outcome = { ok: boolean; at: number; taken: boolean; failure: Failure }
export type Parser = (text: readonly string[], at: number) => Outcome

const nothing = (at: number): Failure => ({ at, words: [] })
const good = (at: number, taken: boolean, failure: Failure): Outcome => ({ ok: true, at, taken, failure })
const bad = (at: number, taken: boolean, failure: Failure): Outcome => ({ ok: false, at, taken, failure })

function merge(one: Failure, other: Failure): Failure {
  if (other.words.length === 0 && one.words.length > 0) return one
  if (one.words.length === 0 && other.words.length > 0) return other
  if (one.at !== other.at) return one.at > other.at ? one : other
  return { at: one.at, words: [...one.words, ...other.words] }
}

/** One after the other. */
export const seq =
  (...parsers: readonly Parser[]): Parser =>
  (text, start) => {
    let outcome = good(start, false, nothing(start))
    for (const parser of parsers) {
      const next = parser(text, outcome.at)
      // What was possible before a letter was taken is forgotten with it.
      const failure = next.taken ? next.failure : merge(outcome.failure, next.failure)
      outcome = { ok: next.ok, at: next.at, taken: outcome.taken || next.taken, failure }
      if (!next.ok) return outcome
    }
    return outcome
  }

/** The first that fits, or that took a letter. */
export const either =
  (...parsers: readonly Parser[]): Parser =>
  (text, at) => {
    let failure = nothing(at)
    for (const parser of parsers) {
      const outcome = parser(text, at)
      if (outcome.taken) return outcome
      failure = merge(failure, outcome.failure)
      if (outcome.ok) return { ...outcome, failure }
    }
    return bad(at, false, failure)
  }

/** Takes nothing where it fails. */
export const attempt =
  (parser: Parser): Parser =>
  (text, at) => {
    const outcome = parser(text, at)
    return outcome.ok ? outcome : bad(at, false, outcome.failure)
  }

/** Tells by one name what would have been right at the place where it begins. */
export const named =
  (name: string, parser: Parser): Parser =>
  (text, at) => {
    const outcome = parser(text, at)
    if (outcome.taken || (outcome.ok && outcome.failure.words.length === 0)) return outcome
    const others = outcome.failure.words.filter(({ kind }) => kind !== 'expected')
    const words: Word[] = [{ kind: 'expected', text: name }, ...others]
    return { ...outcome, failure: { at: outcome.failure.at, words } }
  }

export const succeed: Parser = (_text, at) => good(at, false, nothing(at))

export const optional = (parser: Parser): Parser => either(parser, succeed)

export const many =
  (parser: Parser): Parser =>
  (text, start) => {
    let at = start
    for (;;) {
      const outcome = parser(text, at)
      if (!outcome.ok) {
        if (outcome.taken) return bad(outcome.at, true, outcome.failure)
        return good(at, at > start, outcome.failure)
      }
      at = outcome.at
    }
  }

export const many1 = (parser: Parser): Parser => seq(parser, many(parser))

export const sepBy1 = (parser: Parser, separator: Parser): Parser => seq(parser, many(seq(separator, parser)))

/** A letter, as Haskell shows a text of it. */
const shown = (char: string): string => `"${escaped(char, '"')}"`

function escaped(char: string, quote: string): string {
  if (char === quote || char === '\\') return `\\${char}`
  const code = char.codePointAt(0) ?? 0
  if (code === 9) return '\\t'
  if (code === 10) return '\\n'
  if (code === 13) return '\\r'
  return code < 32 || code > 126 ? `\\${code}` : char
}

export const satisfy =
  (fits: (char: string) => boolean): Parser =>
  (text, at) => {
    const char = text[at]
    if (char !== undefined && fits(char)) return good(at + 1, true, nothing(at + 1))
    return bad(at, false, { at, words: [{ kind: 'found', text: char === undefined ? '' : shown(char) }] })
  }

export const oneOf = (chars: string): Parser => satisfy((char) => chars.includes(char))
export const noneOf = (chars: string): Parser => satisfy((char) => !chars.includes(char))
export const anyChar: Parser = satisfy(() => true)
export const char = (wanted: string): Parser =>
  named(
    shown(wanted),
    satisfy((found) => found === wanted),
  )

/** A whole word: what is wrong is its first letter that is another. */
export const word = (wanted: string): Parser => {
  const letters = [...wanted]
  return (text, at) => {
    const wrong = letters.findIndex((letter, place) => text[at + place] !== letter)
    if (wrong < 0) return good(at + letters.length, true, nothing(at + letters.length))
    const found = text[at + wrong]
    const words: Word[] = [
      { kind: 'found', text: found === undefined ? '' : shown(found) },
      { kind: 'expected', text: `"${letters.map((letter) => escaped(letter, '"')).join('')}"` },
    ]
    return bad(at + wrong, wrong > 0, { at, words })
  }
}

/** Fits where the other would, and takes nothing. */
export const ahead =
  (parser: Parser): Parser =>
  (text, at) => {
    const outcome = parser(text, at)
    return outcome.ok ? good(at, false, nothing(at)) : outcome
  }

/** Where it fits, what the other missed is still known; where not, the refusal stands behind the letter. */
export const notBefore =
  (parser: Parser): Parser =>
  (text, at) => {
    const outcome = parser(text, at)
    return outcome.ok ? refusal(text, at, outcome.at) : good(at, false, outcome.failure)
  }

const refusal = (text: readonly string[], at: number, told: number): Outcome =>
  bad(at, false, { at: told, words: [{ kind: 'refused', text: `'${escaped(text[at] ?? '', "'")}'` }] })

export const end: Parser = named('end of input', (text, at) =>
  at < text.length ? refusal(text, at, at) : good(at, false, anyChar(text, at).failure),
)

/** `unexpected ... expecting ...`, each thing once. */
export function describe({ words }: Failure): string {
  const of = (kind: Word['kind']) => words.filter((each) => each.kind === kind).map(({ text }) => text)
  const told = (texts: readonly string[]) => enumerate([...new Set(texts)].filter((text) => text !== ''))
  const [found] = of('found')
  const refused = told(of('refused'))
  const expected = told(of('expected'))
  const parts: string[] = []
  if (refused !== '') parts.push(`unexpected ${refused}`)
  else if (found !== undefined) parts.push(`unexpected ${found === '' ? 'end of input' : found}`)
  if (expected !== '') parts.push(`expecting ${expected}`)
  return parts.join(' ')
}

function enumerate(texts: readonly string[]): string {
  const last = texts.at(-1) ?? ''
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} or ${last}`
}

/**
 * The grammar of the query string once more, in Parsec's terms: asked only what is wrong with a text that the parsers
 * beside it did not take. It makes nothing of what it reads.
 */
import { QueryNotParsed, type RestError } from '../errors.ts'
import {
  ahead,
  anyChar,
  attempt,
  char,
  describe,
  either,
  end,
  many,
  many1,
  named,
  noneOf,
  notBefore,
  oneOf,
  optional,
  type Parser,
  satisfy,
  sepBy1,
  seq,
  succeed,
  word,
} from './parsec.ts'

const letter = named(
  'letter',
  satisfy((each) => /\p{L}/u.test(each)),
)
const digit = named(
  'digit',
  satisfy((each) => /[0-9]/.test(each)),
)
const blanks = many(oneOf(' \t'))
const lexeme = (parser: Parser): Parser => seq(blanks, parser, blanks)
const delimiter = named('delimiter (.)', char('.'))
const inParentheses = (parser: Parser): Parser => seq(char('('), parser, char(')'))

const identifier = many1(either(letter, digit, oneOf('_ $')))
const quoted = seq(char('"'), many(either(noneOf('\\"'), seq(char('\\'), anyChar))), char('"'))
const dash = attempt(seq(char('-'), notBefore(char('>'))))
const fieldName = named('field name (* or [a..z0..9_$])', either(quoted, sepBy1(identifier, dash)))

const someAhead = (...words: readonly string[]): Parser[] => words.map((each) => attempt(ahead(word(each))))
const indexEnd = either(...someAhead('->', '::', '.', ','), attempt(end))
const jsonIndex = seq(optional(char('-')), many1(digit), indexEnd)
const jsonKey = named(
  'any non reserved character different from: .,>()',
  either(quoted, sepBy1(many1(noneOf('(-:.,>)')), dash)),
)
const jsonPath = many(
  seq(either(attempt(word('->>')), attempt(word('->'))), either(attempt(jsonIndex), attempt(jsonKey))),
)
const field = lexeme(seq(fieldName, optional(jsonPath)))
const treePath = seq(sepBy1(fieldName, delimiter), optional(jsonPath))

const alias = optional(attempt(seq(fieldName, char(':'), notBefore(char(':')))))
const embedParameter = seq(
  char('!'),
  either(attempt(word('left')), attempt(word('inner')), attempt(fieldName)),
)
const embedParameters = seq(optional(embedParameter), optional(embedParameter))
const opening = attempt(ahead(word('(')))
const embed = lexeme(seq(alias, fieldName, embedParameters, opening))
const spread = lexeme(seq(word('...'), fieldName, embedParameters, opening))

const itemEnd = either(...someAhead(')', ','), attempt(end))
const cast = optional(seq(word('::'), identifier))
const aggregates = [word('sum'), word('avg'), word('count'), attempt(word('max')), attempt(word('min'))]
const aggregate = optional(attempt(seq(char('.'), either(...aggregates), word('()'))))
const column = lexeme(
  either(
    attempt(seq(word('*'), itemEnd)),
    attempt(seq(alias, word('count()'), cast, itemEnd)),
    seq(alias, field, cast, aggregate, cast, itemEnd),
  ),
)
const item: Parser = (text, at) =>
  either(
    seq(attempt(spread), inParentheses(items)),
    seq(attempt(embed), inParentheses(items)),
    column,
  )(text, at)
const items: Parser = either(sepBy1(item, lexeme(char(','))), succeed)

const anyCase = (letters: string): Parser =>
  seq(...[...letters].map((each) => either(char(each), char(each.toUpperCase()))))
const truth = named(
  'isVal: (null, not_null, true, false, unknown)',
  either(...['null', 'not_null', 'true', 'false', 'unknown'].map((each) => attempt(anyCase(each)))),
)
const element = either(attempt(seq(quoted, notBefore(noneOf(',)')))), many(noneOf(',)')))
const list = seq(lexeme(char('(')), sepBy1(element, char(',')), lexeme(char(')')))
const operators = (names: readonly string[]): Parser => either(...names.map((each) => attempt(word(each))))
const SIMPLE = ['neq', 'cs', 'cd', 'ov', 'sl', 'sr', 'nxr', 'nxl', 'adj']
const QUANTIFIED = ['eq', 'gte', 'gt', 'lte', 'lt', 'like', 'ilike', 'match', 'imatch']
const UNKNOWN = 'unknown single value operator'

function operation(value: Parser): Parser {
  const negation = either(attempt(seq(word('not'), delimiter)), succeed)
  const quantifier = optional(attempt(inParentheses(either(attempt(word('any')), word('all')))))
  const language = optional(attempt(inParentheses(identifier)))
  const comparison = either(
    seq(attempt(seq(word('in'), delimiter)), list),
    seq(attempt(seq(word('is'), delimiter)), truth),
    seq(attempt(seq(word('isdistinct'), delimiter)), value),
    attempt(seq(operators(['fts', 'plfts', 'phfts', 'wfts']), language, delimiter, value)),
    attempt(seq(named(UNKNOWN, operators(SIMPLE)), delimiter, value)),
    attempt(seq(named(UNKNOWN, operators(QUANTIFIED)), quantifier, delimiter, value)),
  )
  return seq(negation, named('operator (eq, gt, ...)', comparison))
}

const direction = either(attempt(seq(delimiter, word('asc'))), attempt(seq(delimiter, word('desc'))))
const nulls = either(attempt(seq(delimiter, word('nullsfirst'))), attempt(seq(delimiter, word('nullslast'))))
const termEnd = either(attempt(ahead(char(','))), attempt(end))
const termTail = seq(optional(direction), either(seq(optional(nulls), termEnd), termEnd))
const related = seq(fieldName, inParentheses(field), termTail)
const order = sepBy1(lexeme(either(attempt(related), seq(field, termTail))), char(','))

const pgArray = seq(word('{'), many(noneOf('{}')), word('}'))
const treeValue = either(attempt(seq(quoted, notBefore(noneOf(',)')))), attempt(pgArray), many(noneOf(',)')))
const treeNegation = named('negation operator (not)', either(attempt(seq(word('not'), delimiter)), succeed))
const treeOperator = named('logic operator (and, or)', either(attempt(word('and')), word('or')))
const tree: Parser = (text, at) =>
  either(
    attempt(seq(field, delimiter, operation(treeValue))),
    seq(treeNegation, treeOperator, lexeme(char('(')), sepBy1(tree, lexeme(char(','))), lexeme(char(')'))),
  )(text, at)

const RULES = {
  select: items,
  order,
  filter: operation(many(anyChar)),
  tree,
  'tree path': treePath,
  'logic path': sepBy1(fieldName, delimiter),
  names: sepBy1(fieldName, lexeme(char(','))),
}

/** In letters: the time taken grows with their square, and the stack with how deep they nest. */
const LONGEST_TOLD = 1000

/**
 * What is wrong with the text, in PostgREST's words.
 * @param what `failed to parse order (id.ac)`
 */
export function wordError(rule: keyof typeof RULES, text: string, what: string): RestError {
  const letters = [...text]
  if (letters.length > LONGEST_TOLD)
    return QueryNotParsed(`"${what}"`, 'too long a text to say where it is wrong')
  const { failure } = RULES[rule](letters, 0)
  const { line, column: place } = placeOf(letters, failure.at)
  // PostgREST would take an empty name as far as Postgres, which does not.
  const told = describe(failure) || 'unexpected empty name'
  return QueryNotParsed(`"${what}" (line ${line}, column ${place})`, told)
}

/** A tab goes on to the next eighth column. */
function placeOf(letters: readonly string[], at: number): { line: number; column: number } {
  let [line, place] = [1, 1]
  for (const each of letters.slice(0, at)) {
    if (each === '\n') [line, place] = [line + 1, 1]
    else if (each === '\t') place += 8 - ((place - 1) % 8)
    else place += 1
  }
  return { line, column: place }
}

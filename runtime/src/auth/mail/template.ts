/**
 * Reads the part of Go's template language that mail templates use: `{{ .Field.path }}`, `{{ if }} … {{ else if }} …
 * {{ else }} … {{ end }}`, comments, trim markers, and the conditions `eq`, `ne`, `and`, `or`, `not`.
 *
 * It knows neither HTML nor which fields there are. What it cannot read is an error with its place: a mail that says
 * something else than its author meant is worse than none.
 */
import { TemplateError } from './template-error.ts'

export type Expression =
  | { kind: 'field'; path: readonly string[]; at: number }
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'call'; name: Condition; operands: readonly Expression[] }

export type Node =
  | { kind: 'text'; text: string; at: number }
  | { kind: 'value'; value: Expression; at: number }
  | { kind: 'if'; branches: readonly Branch[]; otherwise: readonly Node[]; at: number }

export type Branch = { test: Expression; body: readonly Node[] }

type Condition = 'eq' | 'ne' | 'and' | 'or' | 'not'
const CONDITIONS: ReadonlySet<string> = new Set(['eq', 'ne', 'and', 'or', 'not'])
const isCondition = (word: string): word is Condition => CONDITIONS.has(word)

const DEPTH_MAX = 20

type Token = { kind: 'string' | 'number' | 'field' | 'word' | 'bracket'; text: string; at: number }
type Part =
  | { kind: 'text'; text: string; at: number }
  | { kind: 'action'; tokens: readonly Token[]; at: number }

export function parseTemplate(source: string): Node[] {
  const parts = splitParts(source)
  let next = 0

  const parseBody = (depth: number, opened: number | null): { body: Node[]; end: Part | undefined } => {
    const body: Node[] = []
    for (;;) {
      const part = parts[next]
      next += 1
      if (part === undefined) {
        if (opened !== null) throw new TemplateError(source, opened, 'this `if` has no `{{ end }}`')
        return { body, end: undefined }
      }
      if (part.kind === 'text') {
        body.push(part)
        continue
      }
      const word = wordOf(part)
      if (word === 'if') body.push(parseIf(part, depth + 1))
      else if (word === 'else' || word === 'end') {
        if (opened === null)
          throw new TemplateError(source, part.at, `\`${word}\` stands outside of an \`if\``)
        return { body, end: part }
      } else body.push({ kind: 'value', value: parseWhole(source, part, 0), at: part.at })
    }
  }

  const parseIf = (opening: Part & { kind: 'action' }, depth: number): Node => {
    if (depth > DEPTH_MAX) {
      throw new TemplateError(source, opening.at, `\`if\` is nested deeper than ${DEPTH_MAX} levels`)
    }
    const branches: Branch[] = []
    let test: Expression | undefined = parseWhole(source, opening, 1)
    for (;;) {
      const { body, end } = parseBody(depth, opening.at)
      if (end?.kind !== 'action') throw new TemplateError(source, opening.at, 'this `if` has no `{{ end }}`')
      const isElse = wordOf(end) === 'else'
      if (test === undefined) {
        if (isElse) throw new TemplateError(source, end.at, 'this `if` has an `else` already')
        return { kind: 'if', branches, otherwise: body, at: opening.at }
      }
      branches.push({ test, body })
      if (!isElse) {
        refuseRest(source, end, 1)
        return { kind: 'if', branches, otherwise: [], at: opening.at }
      }
      const hasTest = end.tokens[1]?.text === 'if'
      if (!hasTest) refuseRest(source, end, 1)
      test = hasTest ? parseWhole(source, end, 2) : undefined
    }
  }

  return parseBody(0, null).body
}

const wordOf = (part: Part & { kind: 'action' }): string | undefined =>
  part.tokens[0]?.kind === 'word' ? part.tokens[0].text : undefined

function refuseRest(source: string, { tokens }: Part & { kind: 'action' }, from: number): void {
  const extra = tokens[from]
  if (extra) throw new TemplateError(source, extra.at, `\`${extra.text}\` is not expected here`)
}

/** The tokens of an action from one on, all of them: a call without brackets, or one operand. */
function parseWhole(source: string, part: Part & { kind: 'action' }, from: number): Expression {
  const { tokens, at } = part
  let next = from

  const parseCall = (name: Condition, token: Token): Expression => {
    const operands: Expression[] = []
    while (tokens[next] !== undefined && tokens[next]?.text !== ')') operands.push(parseOperand())
    const [least, most] = name === 'not' ? [1, 1] : [name === 'eq' || name === 'ne' ? 2 : 1, 10]
    if (operands.length < least || operands.length > most) {
      throw new TemplateError(
        source,
        token.at,
        `\`${name}\` takes ${least === most ? least : `${least} or more`} operands`,
      )
    }
    return { kind: 'call', name, operands }
  }

  const parseOperand = (): Expression => {
    const token = tokens[next]
    if (token === undefined) throw new TemplateError(source, at, 'something is missing in this action')
    next += 1
    if (token.kind === 'field') return { kind: 'field', path: token.text.slice(1).split('.'), at: token.at }
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) }
    if (token.kind === 'string') return { kind: 'literal', value: textOf(source, token) }
    if (token.text === 'true' || token.text === 'false')
      return { kind: 'literal', value: token.text === 'true' }
    if (token.text !== '(') throw new TemplateError(source, token.at, `\`${token.text}\` is not known here`)
    const inner = parseExpression()
    if (tokens[next]?.text !== ')') throw new TemplateError(source, token.at, 'this bracket is not closed')
    next += 1
    return inner
  }

  const parseExpression = (): Expression => {
    const token = tokens[next]
    if (token?.kind !== 'word' || !isCondition(token.text)) return parseOperand()
    next += 1
    return parseCall(token.text, token)
  }

  const expression = parseExpression()
  refuseRest(source, part, next)
  return expression
}

function textOf(source: string, { text, at }: Token): string {
  if (text.startsWith('`')) return text.slice(1, -1)
  try {
    return String(JSON.parse(text))
  } catch {
    throw new TemplateError(source, at, `${text} has an escape that is not known`)
  }
}

const TOKEN =
  /(?<close>\s+-\}\}|\s*\}\})|\s+|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<number>-?\d{1,15}(?:\.\d{1,15})?)(?![\w.])|(?<field>(?:\.[\p{L}_][\p{L}\p{N}_]*)+)|(?<word>\p{L}+)|(?<bracket>[()])/uy

/** Text and actions by turns; a trim marker has taken the white space beside it. */
function splitParts(source: string): Part[] {
  const parts: Part[] = []
  let at = 0
  let trimsStart = false
  for (;;) {
    const open = source.indexOf('{{', at)
    const isTrimmed = open >= 0 && /^-\s/.test(source.slice(open + 2, open + 4))
    let text = source.slice(at, open < 0 ? source.length : open)
    if (trimsStart) text = text.trimStart()
    if (isTrimmed) text = text.trimEnd()
    if (text !== '') parts.push({ kind: 'text', text, at })
    if (open < 0) return parts
    const { tokens, end, trims } = readAction(source, open, open + (isTrimmed ? 3 : 2))
    if (tokens !== null) parts.push({ kind: 'action', tokens, at: open })
    at = end
    trimsStart = trims
  }
}

type Action = { tokens: Token[] | null; end: number; trims: boolean }

function readAction(source: string, open: number, from: number): Action {
  const comment = /^\s*\/\*[\s\S]*?\*\/(\s+-)?\s*\}\}/.exec(source.slice(from))
  if (comment) return { tokens: null, end: from + comment[0].length, trims: comment[1] !== undefined }
  const tokens: Token[] = []
  TOKEN.lastIndex = from
  for (let at = from; ; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(source)
    if (found === null) {
      if (source.indexOf('}}', at) < 0) throw new TemplateError(source, open, 'this `{{` is not closed')
      const odd = /^\S{1,20}/.exec(source.slice(at))?.[0] ?? ''
      throw new TemplateError(source, at, `\`${odd}\` is not understood`)
    }
    const groups = found.groups ?? {}
    if (groups.close !== undefined) {
      if (tokens.length === 0) throw new TemplateError(source, open, 'this action is empty')
      return { tokens, end: TOKEN.lastIndex, trims: groups.close.includes('-') }
    }
    for (const kind of ['string', 'number', 'field', 'word', 'bracket'] as const) {
      const text = groups[kind]
      if (text !== undefined) tokens.push({ kind, text, at })
    }
  }
}

/** Makes a mail of its templates and its facts. Pure; a template that cannot be used is an error that says where. */
import { escapeHeader, escapeText, type Writer, writerFor } from './escape.ts'
import { advance, afterValue, meet, type Place, START } from './html-place.ts'
import { plainTextOf } from './plain-text.ts'
import { type Expression, type Node, parseTemplate } from './template.ts'
import { TemplateError } from './template-error.ts'

/** GoTrue's template variables. */
export type Variables = {
  SiteURL: string
  ConfirmationURL: string
  Token: string
  TokenHash: string
  RedirectTo: string
  Email: string
  NewEmail: string
  SendingTo: string
  Data: Record<string, unknown>
}

export type Rendered = { subject: string; html: string; text: string }

const SUBJECT_CHARACTERS_MAX = 300
const HTML_CHARACTERS_MAX = 512 * 1024

const VARIABLES: Record<keyof Variables, true> = {
  SiteURL: true,
  ConfirmationURL: true,
  Token: true,
  TokenHash: true,
  RedirectTo: true,
  Email: true,
  NewEmail: true,
  SendingTo: true,
  Data: true,
}
const KNOWN = Object.keys(VARIABLES)

/** @throws TemplateError */
export function renderSubject(template: string, variables: Variables): string {
  const nodes = parseTemplate(template)
  checkFields(template, nodes)
  const subject = escapeHeader(write(nodes, variables, () => String))
  return subject.slice(0, SUBJECT_CHARACTERS_MAX).toWellFormed()
}

/** The text is the alternative for programs that show no HTML: made from the same document, it cannot say else. @throws TemplateError */
export function renderBody(template: string, variables: Variables): Omit<Rendered, 'subject'> {
  const nodes = parseTemplate(template)
  checkFields(template, nodes)
  const writers = new Map<Node, Writer>()
  const end = placeAll({ template, writers }, nodes, START)
  if (end.mode !== 'text') {
    throw new TemplateError(template, template.length, 'the HTML ends inside of a tag, a comment or a script')
  }
  const html = write(nodes, variables, (node) => writers.get(node) ?? escapeText)
  if (html.length > HTML_CHARACTERS_MAX) {
    throw new TemplateError(template, 0, `the mail would be longer than ${HTML_CHARACTERS_MAX} characters`)
  }
  return { html, text: plainTextOf(html) }
}

type Placing = { template: string; writers: Map<Node, Writer> }

/** Finds how each value is to be written, by where it stands. */
function placeAll(placing: Placing, nodes: readonly Node[], from: Place): Place {
  let place = from
  for (const node of nodes) {
    if (node.kind === 'text') place = advance(place, node.text)
    else if (node.kind === 'value') {
      const writer = writerFor(place)
      if (typeof writer !== 'function') throw new TemplateError(placing.template, node.at, writer.refused)
      placing.writers.set(node, writer)
      place = afterValue(place)
    } else {
      const ends = [...node.branches.map(({ body }) => body), node.otherwise].map((body) =>
        placeAll(placing, body, place),
      )
      const met = ends.reduce<Place | undefined>((one, other) => one && meet(one, other), ends[0])
      if (met === undefined) {
        throw new TemplateError(
          placing.template,
          node.at,
          'the branches of this `if` end in different places of the HTML',
        )
      }
      place = met
    }
  }
  return place
}

function checkFields(template: string, nodes: readonly Node[]): void {
  const check = (expression: Expression): void => {
    if (expression.kind === 'call') for (const operand of expression.operands) check(operand)
    if (expression.kind !== 'field') return
    const [name = '', ...more] = expression.path
    if (!KNOWN.includes(name)) {
      const known = KNOWN.map((each) => `.${each}`).join(', ')
      throw new TemplateError(
        template,
        expression.at,
        `.${name} is no variable of a mail; there are ${known}`,
      )
    }
    if (name !== 'Data' && more.length > 0) {
      throw new TemplateError(template, expression.at, `.${name} is a text and has no field ${more[0]}`)
    }
  }
  for (const node of nodes) {
    if (node.kind === 'value') check(node.value)
    if (node.kind !== 'if') continue
    for (const { test, body } of node.branches) {
      check(test)
      checkFields(template, body)
    }
    checkFields(template, node.otherwise)
  }
}

function write(nodes: readonly Node[], variables: Variables, writerOf: (node: Node) => Writer): string {
  const pieces = nodes.map((node) => {
    if (node.kind === 'text') return node.text
    if (node.kind === 'value') return writerOf(node)(inWords(evaluate(node.value, variables)))
    const taken = node.branches.find(({ test }) => isTrue(evaluate(test, variables)))
    return write(taken?.body ?? node.otherwise, variables, writerOf)
  })
  return pieces.join('')
}

function evaluate(expression: Expression, variables: Variables): unknown {
  if (expression.kind === 'literal') return expression.value
  if (expression.kind === 'field') {
    return expression.path.reduce<unknown>(
      (value, name) => (isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined),
      variables,
    )
  }
  const [first, ...rest] = expression.operands.map((operand) => evaluate(operand, variables))
  switch (expression.name) {
    case 'eq':
      return rest.includes(first)
    case 'ne':
      return !rest.includes(first)
    case 'not':
      return !isTrue(first)
    case 'and':
      return [first, ...rest].find((value) => !isTrue(value)) ?? rest.at(-1) ?? first
    case 'or':
      return [first, ...rest].find(isTrue) ?? rest.at(-1) ?? first
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** As Go sees it: what is empty is false. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  return isRecord(value) ? Object.keys(value).length > 0 : Boolean(value)
}

function inWords(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/**
 * XML as SAML needs it. The parser is the one that signatures are checked with, so that nobody reads a document in
 * another way than it was signed; what parsers are known to read differently (document types, entities, comments,
 * CDATA) is refused before any of them sees it. The parser is loaded with the first document.
 */
import { DEPTH_MAX, MESSAGE_ELEMENTS_MAX, METADATA_ELEMENTS_MAX } from './limits.ts'
import { assertSaml, SamlRefused } from './refused.ts'

/** Of the DOM, what is used here. */
export type XmlNode = { readonly nodeType: number; readonly nextSibling: XmlNode | null }
export type XmlElement = XmlNode & {
  readonly localName: string
  readonly namespaceURI: string | null
  readonly firstChild: XmlNode | null
  readonly textContent: string | null
  readonly attributes: ArrayLike<{ readonly localName: string; readonly value: string }>
  hasAttribute(name: string): boolean
  getAttribute(name: string): string | null
}
type XmlDocument = { readonly documentElement: XmlElement | null; readonly firstChild: XmlNode | null }

const ELEMENT = 1
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has none of them.
const NOT_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/

/** @param text of a message: no comments in it, nor anything else that begins with `<!`. @throws SamlRefused */
export async function parseMessage(text: string): Promise<XmlElement> {
  assertSaml(!text.includes('<!'), 'it has a document type, a comment or CDATA')
  const body = text.replace(/^<\?xml[^?<>]*\?>/, '')
  assertSaml(!body.includes('<?'), 'it has a processing instruction')
  return parse(text, MESSAGE_ELEMENTS_MAX)
}

/** What an administrator gives us: comments are usual there. @throws SamlRefused */
export async function parseDescription(text: string): Promise<XmlElement> {
  assertSaml(!/<!(?!--)/.test(text), 'it has a document type or CDATA')
  // Files begin with a byte order mark, and what is pasted with a line of its own.
  return parse(text.replace(/^\ufeff/, '').trim(), METADATA_ELEMENTS_MAX)
}

async function parse(text: string, elementsMax: number): Promise<XmlElement> {
  assertSaml(text.isWellFormed() && !NOT_XML.test(text), 'it is no XML')
  const { default: dom } = await import('@xmldom/xmldom')
  const refuse = () => {
    throw new SamlRefused('it is no XML')
  }
  // Mistakes that the parser would mend are none of ours to guess at.
  const parser = new dom.DOMParser({ errorHandler: { warning: refuse, error: refuse, fatalError: refuse } })
  let document: XmlDocument | undefined
  try {
    document = parser.parseFromString(text, 'text/xml') as XmlDocument | undefined
  } catch {
    refuse()
  }
  const root = document?.documentElement
  assertSaml(root, 'it is no XML')
  assertSaml(document && [...elementsIn(document)].length === 1, 'it has more than one root')
  assertBounded(root, elementsMax)
  return root
}

/** Without recursion: depth is what is being asked. */
function assertBounded(root: XmlElement, elementsMax: number): void {
  const open = [{ element: root, depth: 1 }]
  for (let count = 1; open.length > 0; count += 1) {
    const { element, depth } = open.pop() as (typeof open)[number]
    assertSaml(count <= elementsMax && depth <= DEPTH_MAX, 'it is too large')
    for (const child of elementsIn(element)) open.push({ element: child, depth: depth + 1 })
  }
}

export function* elementsIn({
  firstChild,
}: {
  readonly firstChild: XmlNode | null
}): Generator<XmlElement, void> {
  for (let node = firstChild; node; node = node.nextSibling)
    if (node.nodeType === ELEMENT) yield node as XmlElement
}

/** All below, and the element itself. */
export function* elementsFrom(root: XmlElement): Generator<XmlElement, void> {
  yield root
  for (const child of elementsIn(root)) yield* elementsFrom(child)
}

export const isNamed = (element: XmlElement, namespace: string, name: string): boolean =>
  element.namespaceURI === namespace && element.localName === name

export const childrenOf = (parent: XmlElement, namespace: string, name: string): XmlElement[] =>
  [...elementsIn(parent)].filter((child) => isNamed(child, namespace, name))

/** @throws SamlRefused when there are several. */
export function findChild(parent: XmlElement, namespace: string, name: string): XmlElement | undefined {
  const found = childrenOf(parent, namespace, name)
  assertSaml(found.length <= 1, `it has more than one ${name}`)
  return found[0]
}

/** @throws SamlRefused when there is none, or several. */
export function getChild(parent: XmlElement, namespace: string, name: string): XmlElement {
  const found = findChild(parent, namespace, name)
  assertSaml(found, `it has no ${name}`)
  return found
}

export const attributeOf = (element: XmlElement, name: string): string | undefined =>
  element.hasAttribute(name) ? (element.getAttribute(name) ?? undefined) : undefined

/** Of an element that has nothing but text. @throws SamlRefused */
export function textOf(element: XmlElement): string {
  assertSaml([...elementsIn(element)].length === 0, `its ${element.localName} is no text`)
  return (element.textContent ?? '').trim()
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/

/** Without a zone it is UTC, as SAML has it. @throws SamlRefused */
export function timeOf(element: XmlElement, name: string): Date | undefined {
  const text = attributeOf(element, name)
  if (text === undefined) return undefined
  const time = TIME.test(text) ? new Date(/[Z+]|-\d\d:\d\d$/.test(text) ? text : `${text}Z`) : undefined
  assertSaml(time && !Number.isNaN(time.getTime()), `its ${name} is no time`)
  return time
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** For text and for attributes. */
export const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (each) => ESCAPES[each] ?? each)

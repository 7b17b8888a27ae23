/**
 * A response as it was posted: who signed what of it, and what of that counts. Elements that are not signed are never
 * read for what they say, but to refuse; what is read was digested, parsed anew by itself.
 */
import { type Assertion, assertAnswers, type Expected, readAssertion } from './assertion.ts'
import { RESPONSE_BYTES_MAX } from './limits.ts'
import { NS, SUCCESS } from './names.ts'
import { assertSaml, SamlRefused } from './refused.ts'
import { signedText } from './signature.ts'
import {
  attributeOf,
  elementsFrom,
  findChild,
  getChild,
  isNamed,
  parseMessage,
  textOf,
  type XmlElement,
} from './xml.ts'

/** @param posted base64, as in the form. @throws SamlRefused */
export function decodeResponse(posted: string): string {
  const text = posted.replaceAll(/\s/g, '')
  assertSaml(/^[A-Za-z0-9+/]+={0,2}$/.test(text), 'it is no base64')
  const bytes = Buffer.from(text, 'base64')
  assertSaml(bytes.length <= RESPONSE_BYTES_MAX, 'it is too large')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SamlRefused('it is no UTF-8')
  }
}

/** Who says that he sent it: not more than a name to look him up by. @throws SamlRefused */
export async function claimedIssuer(xml: string): Promise<string> {
  const response = await parseMessage(xml)
  const own = findChild(response, NS.assertion, 'Issuer')
  return textOf(own ?? getChild(getChild(response, NS.assertion, 'Assertion'), NS.assertion, 'Issuer'))
}

/** @param certificates of the provider's metadata (PEM). @throws SamlRefused */
export async function readResponse(
  xml: string,
  { certificates, ...expected }: Expected & { certificates: readonly string[] },
): Promise<Assertion> {
  const response = await parseMessage(xml)
  assertSaml(isNamed(response, NS.protocol, 'Response'), 'it is no Response')
  assertResponse(response, expected)
  assertStanding(response)
  const assertion = assertPlaced(response)
  const isWholeSigned = findChild(response, NS.signature, 'Signature') !== undefined
  const isAssertionSigned = findChild(assertion, NS.signature, 'Signature') !== undefined
  assertSaml(isWholeSigned || isAssertionSigned, 'neither it nor its assertion is signed')
  // Each that is there has to be right: a wrong one beside a right one is no accident.
  const whole = isWholeSigned ? await signedElement(xml, response, certificates) : undefined
  const part = isAssertionSigned ? await signedElement(xml, assertion, certificates) : undefined
  if (!whole) return readAssertion(part as XmlElement, expected)
  assertResponse(whole, expected)
  assertSaml(attributeOf(whole, 'Destination') !== undefined, 'it has no Destination')
  return readAssertion(assertPlaced(whole), expected)
}

/** What was signed of it, and is still the same element. */
async function signedElement(
  xml: string,
  element: XmlElement,
  certificates: readonly string[],
): Promise<XmlElement> {
  const signed = await parseMessage(await signedText(xml, element, certificates))
  const isSame =
    isNamed(signed, element.namespaceURI ?? '', element.localName) &&
    attributeOf(signed, 'ID') === attributeOf(element, 'ID')
  assertSaml(isSame, 'its signature is of another element')
  return signed
}

/** One assertion and the signatures where they belong: a second of either, wherever it lies, is one too many. */
function assertStanding(response: XmlElement): void {
  const ids = new Set<string>()
  for (const element of elementsFrom(response)) {
    for (let at = 0; at < element.attributes.length; at += 1) {
      const { localName = '', value = '' } = element.attributes[at] ?? {}
      if (localName.toLowerCase() !== 'id') continue
      assertSaml(!ids.has(value), 'two of its elements have the same ID')
      ids.add(value)
    }
    const name = element.localName
    assertSaml(!/^Encrypted(?:Assertion|ID|Attribute)$/.test(name), 'it is encrypted, which is not supported')
  }
  const count = (name: string) => [...elementsFrom(response)].filter((each) => each.localName === name).length
  assertSaml(count('Response') === 1, 'it has another Response in it')
  assertSaml(count('Assertion') === 1, 'it has no assertion, or several')
  const assertion = getChild(response, NS.assertion, 'Assertion')
  const signatures = [response, assertion].filter((each) => findChild(each, NS.signature, 'Signature'))
  assertSaml(count('Signature') === signatures.length, 'it has a signature where none belongs')
}

const assertPlaced = (response: XmlElement): XmlElement => getChild(response, NS.assertion, 'Assertion')

function assertResponse(response: XmlElement, expected: Expected): void {
  assertSaml(attributeOf(response, 'Version') === '2.0', 'it is not of SAML 2.0')
  const issuer = findChild(response, NS.assertion, 'Issuer')
  assertSaml(!issuer || textOf(issuer) === expected.issuer, 'its Issuer is another')
  const destination = attributeOf(response, 'Destination')
  assertSaml(
    destination === undefined || destination === expected.recipient,
    'its Destination is another place',
  )
  assertAnswers(response, expected)
  const status = getChild(getChild(response, NS.protocol, 'Status'), NS.protocol, 'StatusCode')
  assertSaml(attributeOf(status, 'Value') === SUCCESS, 'the identity provider did not let them in')
}

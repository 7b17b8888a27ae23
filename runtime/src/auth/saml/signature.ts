/**
 * Checks the signature of one element, and gives back what was signed: the text that was digested, and nothing else of
 * the document it came in. The library canonicalizes and verifies; which form of signature is one of SAML's (Core, 5.4)
 * is decided here, before it is asked: one reference, to the element around it, with no transform but the two there are.
 */
import { C14N, ENVELOPED, EXCLUSIVE_C14N, NS, RSA_SHA256, RSA_SHA512, SHA256, SHA512 } from './names.ts'
import { assertSaml, UnknownKey } from './refused.ts'
import { attributeOf, childrenOf, elementsIn, getChild, textOf, type XmlElement } from './xml.ts'

const SIGNATURES = [RSA_SHA256, RSA_SHA512]
const DIGESTS = [SHA256, SHA512]
const CANONICAL = [EXCLUSIVE_C14N, C14N]

/** @param xml the whole document. @throws SamlRefused, UnknownKey when none of the certificates has signed the element. */
export async function signedText(
  xml: string,
  element: XmlElement,
  certificates: readonly string[],
): Promise<string> {
  const signature = getChild(element, NS.signature, 'Signature')
  assertForm(signature, attributeOf(element, 'ID') ?? '')
  for (const certificate of certificates) {
    const text = await verified(xml, signature, certificate)
    if (text !== undefined) return text
  }
  throw new UnknownKey('its signature is none of the identity provider’s')
}

function assertForm(signature: XmlElement, id: string): void {
  const parts = [...elementsIn(signature)].map(({ localName }) => localName).join(' ')
  assertSaml(/^SignedInfo SignatureValue(?: KeyInfo)?$/.test(parts), 'its signature has a form of its own')
  const info = getChild(signature, NS.signature, 'SignedInfo')
  textOf(getChild(signature, NS.signature, 'SignatureValue'))
  const members = [...elementsIn(info)].map(({ localName }) => localName).join(' ')
  const isUsual = members === 'CanonicalizationMethod SignatureMethod Reference'
  assertSaml(isUsual, 'its signature is of more, or less, than one element')
  assertAlgorithm(getChild(info, NS.signature, 'CanonicalizationMethod'), CANONICAL)
  assertAlgorithm(getChild(info, NS.signature, 'SignatureMethod'), SIGNATURES)
  const reference = getChild(info, NS.signature, 'Reference')
  assertSaml(id !== '' && attributeOf(reference, 'URI') === `#${id}`, 'its signature is of another element')
  assertAlgorithm(getChild(reference, NS.signature, 'DigestMethod'), DIGESTS)
  textOf(getChild(reference, NS.signature, 'DigestValue'))
  assertTransforms(getChild(reference, NS.signature, 'Transforms'))
}

function assertTransforms(list: XmlElement): void {
  const all = [...elementsIn(list)]
  const transforms = childrenOf(list, NS.signature, 'Transform')
  const [first, second, ...others] = transforms
  assertSaml(first && others.length === 0 && all.length === transforms.length, 'its signature transforms it')
  assertAlgorithm(first, [ENVELOPED])
  if (second) assertAlgorithm(second, CANONICAL)
  const parts = transforms.flatMap((each) => [...elementsIn(each)])
  // Makers disagree on its namespace.
  const isPlain = parts.every(({ localName }) => localName === 'InclusiveNamespaces')
  assertSaml(isPlain, 'its signature transforms it')
}

function assertAlgorithm(element: XmlElement, allowed: readonly string[]): void {
  const algorithm = attributeOf(element, 'Algorithm')
  assertSaml(
    algorithm !== undefined && allowed.includes(algorithm),
    `its ${element.localName} is not allowed`,
  )
}

async function verified(xml: string, signature: XmlElement, publicCert: string): Promise<string | undefined> {
  const { default: crypto } = await import('xml-crypto')
  // Which key it is says the metadata, never the message.
  const check = new crypto.SignedXml({ publicCert, getCertFromKeyInfo: () => null })
  check.SignatureAlgorithms = only(check.SignatureAlgorithms, SIGNATURES)
  check.HashAlgorithms = only(check.HashAlgorithms, DIGESTS)
  check.CanonicalizationAlgorithms = only(check.CanonicalizationAlgorithms, [ENVELOPED, ...CANONICAL])
  try {
    check.loadSignature(signature as never)
    if (!check.checkSignature(xml)) return undefined
  } catch {
    return undefined
  }
  const [text, ...others] = check.getSignedReferences()
  return others.length === 0 ? text : undefined
}

const only = <Each>(all: Record<string, Each>, names: readonly string[]): Record<string, Each> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))

/** What an assertion says, and whether it says it to us, now. It is read only from text that was signed. */
import { ASSERTION_AGE_MS_MAX, CLOCK_TOLERANCE_MS, ID_CHARACTERS_MAX } from './limits.ts'
import { BEARER, NS } from './names.ts'
import { assertSaml } from './refused.ts'
import {
  attributeOf,
  childrenOf,
  elementsIn,
  findChild,
  getChild,
  isNamed,
  textOf,
  timeOf,
  type XmlElement,
} from './xml.ts'

export type Attribute = { name: string; friendlyName: string | null; values: readonly string[] }

export type Assertion = {
  id: string
  nameId: { value: string; format: string | null } | null
  attributes: readonly Attribute[]
  /** Later it is refused anyway: until then it has to be remembered as used. */
  usableUntil: Date
  /** When the person's session at the provider ends. */
  sessionEndsAt: Date | null
}

/** Whom it has to come from, be for, and answer. */
export type Expected = {
  issuer: string
  audience: string
  /** Where it was posted to. */
  recipient: string
  /** The request that it answers; null where the provider began. */
  requestId: string | null
  now: Date
}

/** @throws SamlRefused */
export function readAssertion(assertion: XmlElement, expected: Expected): Assertion {
  const id = attributeOf(assertion, 'ID') ?? ''
  assertSaml(id !== '' && id.length <= ID_CHARACTERS_MAX, 'it has no ID')
  assertSaml(attributeOf(assertion, 'Version') === '2.0', 'it is not of SAML 2.0')
  assertSaml(textOf(getChild(assertion, NS.assertion, 'Issuer')) === expected.issuer, 'its Issuer is another')
  assertFresh(timeOf(assertion, 'IssueInstant'), expected.now)
  const subject = getChild(assertion, NS.assertion, 'Subject')
  const confirmedUntil = confirmationOf(subject, expected)
  assertConditions(getChild(assertion, NS.assertion, 'Conditions'), expected)
  return {
    ...{ id, nameId: nameIdOf(subject), attributes: attributesOf(assertion) },
    usableUntil: new Date(confirmedUntil.getTime() + CLOCK_TOLERANCE_MS),
    sessionEndsAt: sessionEndOf(assertion, expected.now),
  }
}

function assertFresh(issuedAt: Date | undefined, now: Date): void {
  assertSaml(issuedAt, 'it has no IssueInstant')
  const age = now.getTime() - issuedAt.getTime()
  assertSaml(age >= -CLOCK_TOLERANCE_MS, 'it is from the future')
  assertSaml(age <= ASSERTION_AGE_MS_MAX + CLOCK_TOLERANCE_MS, 'it is too old')
}

/** @returns until when whoever brings it is believed (Profiles, 4.1.4.2). */
function confirmationOf(subject: XmlElement, expected: Expected): Date {
  const bearers = childrenOf(subject, NS.assertion, 'SubjectConfirmation').filter(
    (each) => attributeOf(each, 'Method') === BEARER,
  )
  const [confirmation, ...others] = bearers
  // Which of several would count is for parsers to disagree on.
  assertSaml(confirmation && others.length === 0, 'it has no bearer confirmation, or several')
  const given = getChild(confirmation, NS.assertion, 'SubjectConfirmationData')
  assertSaml(attributeOf(given, 'Recipient') === expected.recipient, 'its Recipient is another')
  assertAnswers(given, expected)
  const until = timeOf(given, 'NotOnOrAfter')
  assertSaml(until, 'its confirmation has no end')
  assertWithin({ from: timeOf(given, 'NotBefore'), until }, expected.now)
  return until
}

/** Of a response, too. */
export function assertAnswers(element: XmlElement, { requestId }: Expected): void {
  const answered = attributeOf(element, 'InResponseTo')
  if (requestId === null) assertSaml(answered === undefined, 'it answers a request that is not ours')
  else assertSaml(answered === requestId, 'its InResponseTo is another')
}

function assertWithin(
  { from, until }: { from?: Date | undefined; until?: Date | undefined },
  now: Date,
): void {
  const isEarly = from && now.getTime() + CLOCK_TOLERANCE_MS < from.getTime()
  assertSaml(!isEarly, 'it is not valid yet')
  const isLate = until && now.getTime() - CLOCK_TOLERANCE_MS >= until.getTime()
  assertSaml(!isLate, 'it is not valid any more')
}

/** Conditions that nobody knows are not fulfilled (Core, 2.5.1). */
function assertConditions(conditions: XmlElement, { audience, now }: Expected): void {
  assertWithin({ from: timeOf(conditions, 'NotBefore'), until: timeOf(conditions, 'NotOnOrAfter') }, now)
  const known = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction']
  for (const each of elementsIn(conditions)) {
    const isKnown = known.some((name) => isNamed(each, NS.assertion, name))
    assertSaml(isKnown, 'it has a condition that is not known')
  }
  const restrictions = childrenOf(conditions, NS.assertion, 'AudienceRestriction')
  assertSaml(restrictions.length > 0, 'it has no audience')
  for (const restriction of restrictions) {
    const audiences = childrenOf(restriction, NS.assertion, 'Audience').map(textOf)
    assertSaml(audiences.includes(audience), 'its Audience is another')
  }
}

function nameIdOf(subject: XmlElement): Assertion['nameId'] {
  const element = findChild(subject, NS.assertion, 'NameID')
  if (!element) return null
  return { value: textOf(element), format: attributeOf(element, 'Format') ?? null }
}

/** The earliest, where there are several. */
function sessionEndOf(assertion: XmlElement, now: Date): Date | null {
  const statements = childrenOf(assertion, NS.assertion, 'AuthnStatement')
  assertSaml(statements.length > 0, 'it does not say that anybody signed in')
  const ends = statements.flatMap((each) => timeOf(each, 'SessionNotOnOrAfter') ?? [])
  const [end] = ends.toSorted((one, other) => one.getTime() - other.getTime())
  if (end === undefined) return null
  assertSaml(end > now, 'the session at the identity provider has ended')
  return end
}

function attributesOf(assertion: XmlElement): Attribute[] {
  return childrenOf(assertion, NS.assertion, 'AttributeStatement')
    .flatMap((statement) => childrenOf(statement, NS.assertion, 'Attribute'))
    .map((attribute) => ({
      name: attributeOf(attribute, 'Name') ?? '',
      friendlyName: attributeOf(attribute, 'FriendlyName') ?? null,
      // What has elements in it (eduPersonTargetedID) is no text, and nothing that is mapped.
      values: childrenOf(attribute, NS.assertion, 'AttributeValue')
        .filter((value) => [...elementsIn(value)].length === 0)
        .map(textOf),
    }))
}

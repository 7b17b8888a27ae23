import { describe, expect, test } from 'vitest'
import type { Assertion } from './assertion.ts'
import { NAME_ID } from './names.ts'
import { claimsOf, emailOf, mappedClaims, subjectOf } from './person.ts'

const assertion = (
  nameId: Assertion['nameId'],
  attributes: Record<string, string[]> = {},
  friendly: Record<string, string> = {},
): Assertion => ({
  ...{ id: '_a', nameId, usableUntil: new Date(0), sessionEndsAt: null },
  attributes: Object.entries(attributes).map(([name, values]) => ({
    ...{ name, friendlyName: friendly[name] ?? null, values },
  })),
})
const persistent = { value: 'ada', format: NAME_ID.persistent }
const address = { value: 'Ada@Example.com', format: NAME_ID.emailAddress }

describe('a person is known', () => {
  test.each<[string, Assertion, string | undefined]>([
    ['by a name that stays', assertion(persistent), 'ada'],
    ['by a name of no format', assertion({ value: 'ada', format: null }), 'ada'],
    ['by an address, however it is written', assertion(address), 'ada@example.com'],
    [
      'by its subject-id before any name',
      assertion(persistent, { 'urn:oasis:names:tc:SAML:attribute:subject-id': ['ada@scope'] }),
      'ada@scope',
    ],
    ['not by a name that changes', assertion({ value: 'x', format: NAME_ID.transient }), undefined],
    ['not by nothing', assertion(null), undefined],
    ['not by an empty name', assertion({ value: '', format: null }), undefined],
    ['not by a name without end', assertion({ value: 'a'.repeat(256), format: null }), undefined],
  ])('%s', (_how, of, expected) => {
    expect(subjectOf(of)).toBe(expected)
  })
})

describe('the address is', () => {
  test.each<[string, Assertion, Record<string, unknown>, string | undefined]>([
    [
      'what is mapped to it',
      assertion(persistent, { mail: ['b@x.example'] }),
      { email: 'a@x.example' },
      'a@x.example',
    ],
    ['else an attribute that is usual', assertion(persistent, { mail: ['b@x.example'] }), {}, 'b@x.example'],
    [
      'by its friendly name too',
      assertion(persistent, { 'urn:x': ['b@x.example'] }, { 'urn:x': 'mail' }),
      {},
      'b@x.example',
    ],
    ['else the name, where that is one', assertion(address), {}, 'Ada@Example.com'],
    ['not the name else', assertion({ value: 'a@x.example', format: null }), {}, undefined],
    ['not what is no address', assertion(persistent, { mail: ['ada'] }), {}, undefined],
  ])('%s', (_what, of, mapped, expected) => {
    expect(emailOf(of, mapped)).toBe(expected)
  })
})

describe('claims', () => {
  const of = assertion(persistent, { givenName: ['Ada'], groups: ['one', '', 'two'], empty: [''] })

  test('are mapped by name, by the first of several names, by default, one or all', () => {
    const keys = {
      first_name: { name: 'givenName' },
      nick: { names: ['empty', 'givenName'] },
      role: { name: 'nowhere', default: 'member' },
      gone: { name: 'nowhere' },
      group: { name: 'groups' },
      groups: { name: 'groups', array: true },
    }
    expect(mappedClaims(of, { keys })).toEqual({
      ...{ first_name: 'Ada', nick: 'Ada', role: 'member', group: 'one', groups: ['one', 'two'] },
    })
    expect(mappedClaims(of, {})).toEqual({})
  })

  test('that have a place of their own are there, others are custom', () => {
    const who = { issuer: 'https://idp.example', sub: 'ada', email: 'ada@example.com' }
    expect(claimsOf({ name: 'Ada', department: 'X' }, who)).toEqual({
      ...{ iss: who.issuer, sub: 'ada', email: who.email, email_verified: true, phone_verified: false },
      ...{ name: 'Ada', custom_claims: { department: 'X' } },
    })
  })

  test('say nothing of who it is, whatever is mapped', () => {
    const who = { issuer: 'https://idp.example', sub: 'ada', email: 'ada@example.com' }
    const claims = claimsOf({ sub: 'eve', iss: 'x', email: 'eve@x.example', phone_verified: true }, who)
    expect(claims).toMatchObject({ iss: who.issuer, sub: 'ada', email: who.email, phone_verified: false })
  })

  test('that are too much are left out', () => {
    const who = { issuer: 'i', sub: 's', email: 'e@x.example' }
    expect(claimsOf({ note: 'x'.repeat(5_000) }, who)).not.toHaveProperty('custom_claims')
  })
})

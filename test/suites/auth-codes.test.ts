/**
 * GoTrue's error codes, one by one: each is provoked by the call of auth-js that gives it, with the status that clients know it
 * by; and of every other it is said why there is none.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCodeScene } from './auth-code-scene.ts'
import { CODES, NOT_GIVEN } from './auth-codes.ts'
import { ofRequests, ofSignIn, ofSignUp, ofUsers } from './auth-codes-of-accounts.ts'
import {
  ofApplications,
  ofAssertions,
  ofCustomProviders,
  ofSso,
  ofWallets,
} from './auth-codes-of-connections.ts'
import { ofFactors, ofHooks, ofPasskeys, ofProviders } from './auth-codes-of-factors.ts'

const scene = createCodeScene()
beforeAll(() => scene.open())
afterAll(() => scene.close())

const GROUPS = {
  'of any request': ofRequests(scene),
  // First: what a provider signs has its time from this machine, and others move the service's clock on.
  'of providers and identities': ofProviders(scene),
  'of signing up, and of what is sent': ofSignUp(scene),
  'of signing in, and of sessions': ofSignIn(scene),
  'of changing what one is': ofUsers(scene),
  'of second factors': ofFactors(scene),
  'of passkeys': ofPasskeys(scene),
  'of hooks': ofHooks(scene),
  'of wallets': ofWallets(scene),
  'of applications that sign in here': ofApplications(scene),
  'of providers that the service key adds': ofCustomProviders(scene),
  'of single sign-on': ofSso(scene),
  'of what an identity provider says': ofAssertions(scene),
}

describe.each(Object.entries(GROUPS))('a refusal %s', (_of, cases) => {
  test.each(cases)('is called %s', async (code, status, provoke) => {
    expect(await provoke()).toBe(status === '' ? code : `${status} ${code}`)
  })
})

test('every code of GoTrue is provoked here, or it is said why it is not', () => {
  const provoked = Object.values(GROUPS).flatMap((cases) => cases.map(([code]) => code))
  expect(new Set(provoked).size).toBe(provoked.length)
  expect([...provoked, ...Object.keys(NOT_GIVEN)].toSorted()).toEqual(CODES.toSorted())
})

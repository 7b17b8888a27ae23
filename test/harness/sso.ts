/** Single sign-on as a browser walks it: from the app to the identity provider, and back with its form. */
import { type PostedForm, signInAt } from '@cascata/runtime/auth/saml/idp-harness'
import type { SupabaseClient } from '@supabase/supabase-js'
import { expect } from 'vitest'
import type { AuthPlace, Called } from './auth-place.ts'

/** By the domain unless a provider is named. */
type Begin = { providerId?: string; domain?: string; redirectTo?: string }

/** @param auth asked at each call: it starts after the tests are read. */
export function createSso(auth: () => AuthPlace) {
  const admin = (method: string, path: string, body?: unknown): Promise<Called> =>
    auth().call(method, `/admin/sso/providers${path}`, {
      ...{ bearer: auth().keys.service, key: auth().keys.service },
      ...(body !== undefined && { body }),
    })

  /** @returns its id. */
  const provider = async (body: object): Promise<string> => {
    const made = await admin('POST', '', { type: 'saml', ...body })
    expect(made.text).toContain('entity_id')
    expect(made.status).toBe(201)
    return String(made.body.id)
  }

  /** The page of the provider that the app sends to. */
  const begin = async (
    client: SupabaseClient,
    { providerId, domain = 'example.com', redirectTo = 'http://app.test/in' }: Begin = {},
  ): Promise<string> => {
    const { data, error } = await client.auth.signInWithSSO({
      ...(providerId === undefined ? { domain } : { providerId }),
      options: { redirectTo },
    })
    if (error) throw error
    return data.url
  }

  const post = async (fields: URLSearchParams | Record<string, string>, action?: string): Promise<URL> => {
    const answer = await auth().fetch(action ?? `${auth().url}/auth/v1/sso/saml/acs`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams(fields),
    })
    return new URL(answer.headers.get('location') ?? `http://no-redirect.test/${answer.status}`)
  }

  /** Until the form of the provider, which is not posted. */
  const formOf = async (login: string, options: Begin = {}): Promise<PostedForm> =>
    signInAt(await begin(auth().client(), options), login)

  const walk = async (client: SupabaseClient, login: string, options: Begin = {}): Promise<URL> => {
    const form = await signInAt(await begin(client, options), login)
    return post(form.fields, form.action)
  }

  const fragmentOf = (url: URL) => new URLSearchParams(url.hash.slice(1))

  const enter = async (back: URL) => {
    const client = auth().client()
    const fragment = fragmentOf(back)
    const { data } = await client.auth.setSession({
      access_token: fragment.get('access_token') ?? '',
      refresh_token: fragment.get('refresh_token') ?? '',
    })
    if (!data.user || !data.session) throw new Error(`not signed in: ${back}`)
    return { client, user: data.user, session: data.session, back }
  }

  const signedIn = async (login: string, options: Begin = {}) =>
    enter(await walk(auth().client(), login, options))

  const codeOf = (back: URL): string => back.searchParams.get('error_code') ?? 'none'
  const refusal = async (login: string, options: Begin = {}): Promise<string> =>
    codeOf(await walk(auth().client(), login, options))

  const claimsIn = (token: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

  return {
    admin,
    provider,
    begin,
    post,
    formOf,
    walk,
    fragmentOf,
    enter,
    signedIn,
    codeOf,
    refusal,
    claimsIn,
  }
}

/**
 * Providers that are less often met. None of them speaks OpenID Connect here: who it is they tell at an address of
 * their own. Ids are those that GoTrue keeps, so that identities of a dump are found again.
 */
import type { Definition } from './definition.ts'
import { asRecord } from './person.ts'
import { at } from './places.ts'

/** Names in two parts, of which either may be missing. */
const joined = (...parts: unknown[]): string =>
  parts
    .filter((part) => typeof part === 'string')
    .join(' ')
    .trim()

const bitbucket: Definition = {
  endpoints: at('https://bitbucket.org', (base, isUsual) => {
    const api = `${isUsual ? 'https://api.bitbucket.org' : base}/2.0`
    return {
      ...{ authorize: `${base}/site/oauth2/authorize`, token: `${base}/site/oauth2/access_token` },
      ...{ profile: `${api}/user`, emails: `${api}/user/emails` },
    }
  }),
  scopes: ['account', 'email'],
  ...{ clientAuthentication: 'basic', pkce: false },
  readProfile: (issuer, profile, emails) => {
    const primary = emails.find(({ is_primary }) => is_primary === true)
    return {
      ...{ issuer, sub: profile.uuid, name: profile.display_name, userName: profile.nickname },
      avatar: asRecord(asRecord(profile.links).avatar).href,
      ...{ email: primary?.email, emailVerified: primary?.is_confirmed === true },
    }
  },
}

/** It never says whether an address was confirmed. */
const figma: Definition = {
  endpoints: at('https://www.figma.com', (base, isUsual) => {
    const api = isUsual ? 'https://api.figma.com' : base
    return { authorize: `${base}/oauth`, token: `${api}/v1/oauth/token`, profile: `${api}/v1/me` }
  }),
  scopes: ['current_user:read'],
  clientAuthentication: 'basic',
  readProfile: (issuer, { id, handle, img_url, email }) => ({
    ...{ issuer, sub: id, name: handle, userName: handle, avatar: img_url, email, emailVerified: false },
  }),
}

/** An address that was confirmed may have become another's account's since: then it is not valid any more. */
const kakao: Definition = {
  endpoints: at('https://kauth.kakao.com', (base, isUsual) => ({
    ...{ authorize: `${base}/oauth/authorize`, token: `${base}/oauth/token` },
    profile: `${isUsual ? 'https://kapi.kakao.com' : base}/v2/user/me`,
  })),
  scopes: ['account_email', 'profile_image', 'profile_nickname'],
  pkce: false,
  readProfile: (issuer, { id, kakao_account }) => {
    const account = asRecord(kakao_account)
    const { nickname, profile_image_url: avatar } = asRecord(account.profile)
    const emailVerified = account.is_email_valid === true && account.is_email_verified === true
    return {
      ...{ issuer, sub: id, name: nickname, userName: nickname, avatar },
      ...{ email: account.email, emailVerified },
    }
  },
}

/** The token is a bot's: who let it in is its owner. It never says whether an address was confirmed. */
const notion: Definition = {
  endpoints: at('https://api.notion.com', (base) => ({
    ...{ authorize: `${base}/v1/oauth/authorize`, token: `${base}/v1/oauth/token` },
    profile: `${base}/v1/users/me`,
  })),
  scopes: [],
  authorizeParameters: { owner: 'user' },
  ...{ clientAuthentication: 'basic', pkce: false },
  profileHeaders: () => ({ 'notion-version': '2022-06-28' }),
  readProfile: (issuer, { bot }) => {
    const owner = asRecord(asRecord(asRecord(bot).owner).user)
    return {
      ...{ issuer, sub: owner.id, name: owner.name, avatar: owner.avatar_url },
      ...{ email: asRecord(owner.person).email, emailVerified: false },
    }
  },
}

const zoom: Definition = {
  endpoints: at('https://zoom.us', (base, isUsual) => ({
    ...{ authorize: `${base}/oauth/authorize`, token: `${base}/oauth/token` },
    profile: `${isUsual ? 'https://api.zoom.us' : base}/v2/users/me`,
  })),
  scopes: [],
  clientAuthentication: 'basic',
  readProfile: (issuer, { id, first_name, last_name, pic_url, email, verified }) => ({
    ...{ issuer, sub: id, name: joined(first_name, last_name), avatar: pic_url },
    ...{ email, emailVerified: verified === 1 },
  }),
}

/** OAuth 2.0; what GoTrue calls `twitter` is OAuth 1.0a, which X itself calls the older one. */
const x: Definition = {
  endpoints: at('https://x.com', (base, isUsual) => {
    const api = isUsual ? 'https://api.x.com' : base
    return {
      ...{ authorize: `${base}/i/oauth2/authorize`, token: `${api}/2/oauth2/token` },
      profile: `${api}/2/users/me?user.fields=id,name,username,confirmed_email,profile_image_url`,
    }
  }),
  scopes: ['users.email', 'tweet.read', 'users.read', 'offline.access'],
  clientAuthentication: 'basic',
  readProfile: (issuer, profile) => {
    const { id, name, username, profile_image_url: avatar, confirmed_email: email } = asRecord(profile.data)
    // Another address than a confirmed one is not given.
    return { issuer, sub: id, name, userName: username, avatar, email, emailVerified: true }
  },
}

const SNAPCHAT = 'https://auth.snapchat.com/oauth2/api'

/** It gives an address to few, and never says whether it was confirmed. */
const snapchat: Definition = {
  endpoints: at('https://accounts.snapchat.com', (base, isUsual) => ({
    ...{ authorize: `${base}/accounts/oauth2/auth`, token: `${base}/accounts/oauth2/token` },
    profile: `${isUsual ? 'https://kit.snapchat.com' : base}/v1/me`,
  })),
  scopes: ['user.external_id', 'user.display_name', 'user.bitmoji.avatar'].map(
    (name) => `${SNAPCHAT}/${name}`,
  ),
  pkce: false,
  profileQuery: () => ({ query: '{me{externalId displayName bitmoji{avatar} email}}' }),
  readProfile: (issuer, { data }) => {
    const { externalId, displayName, bitmoji, email } = asRecord(asRecord(data).me)
    return {
      ...{ issuer, sub: externalId, name: displayName, avatar: asRecord(bitmoji).avatar },
      ...{ email, emailVerified: false },
    }
  },
}

/** Whose people come in is asked for with `connection`, `organization` or `provider`; each writes its addresses itself. */
const workos: Definition = {
  endpoints: at('https://api.workos.com', (base) => ({
    ...{ authorize: `${base}/sso/authorize`, token: `${base}/sso/token`, profile: `${base}/sso/profile` },
  })),
  scopes: [],
  pkce: false,
  readProfile: (issuer, { id, first_name, last_name, email, connection_id, organization_id }) => ({
    ...{ issuer, sub: id, name: joined(first_name, last_name), email, emailVerified: false },
    custom: { connection_id, organization_id },
  }),
}

/** For those who sell through Fly.io. It never says whether an address was confirmed. */
const fly: Definition = {
  endpoints: at('https://api.fly.io', (base) => ({
    ...{ authorize: `${base}/oauth/authorize`, token: `${base}/oauth/token` },
    profile: `${base}/oauth/token/info`,
  })),
  scopes: ['read'],
  pkce: false,
  readProfile: (issuer, { user_id, user_name, email }) => ({
    ...{ issuer, sub: user_id, name: user_name, email, emailVerified: false },
  }),
}

export const PROFILE_DEFINITIONS = { bitbucket, figma, kakao, notion, zoom, x, snapchat, workos, fly }

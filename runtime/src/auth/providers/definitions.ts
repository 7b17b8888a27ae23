/**
 * The providers we know by name, as GoTrue names them. Endpoints and words are from their own documentation.
 *
 * `emailVerified` is true only where the provider itself says so of this address.
 */
import { createHmac } from 'node:crypto'
import type { Definition } from './definition.ts'
import { asRecord, asRecords, asText, isTrue, toOidcPerson } from './person.ts'
import { at, trimmed } from './places.ts'
import { PROFILE_DEFINITIONS } from './profile-definitions.ts'

const OPENID = ['openid', 'email', 'profile'] as const

/** Any issuer that describes itself; its name as it writes it, to the letter. */
export const OIDC: Definition = {
  endpoints: ({ url, issuer }) => {
    const named = issuer ?? url
    return named === null ? { missing: 'it has neither url nor issuer' } : { issuer: named }
  },
  scopes: OPENID,
}

const google: Definition = {
  // Both are its name: https://developers.google.com/identity/openid-connect/openid-connect
  endpoints: at('https://accounts.google.com', (_base, isUsual) =>
    isUsual ? { aliases: ['accounts.google.com'] } : {},
  ),
  scopes: OPENID,
}

const github: Definition = {
  endpoints: at('https://github.com', (base, isUsual) => {
    const api = isUsual ? 'https://api.github.com' : `${base}/api/v3`
    return {
      ...{ authorize: `${base}/login/oauth/authorize`, token: `${base}/login/oauth/access_token` },
      callbackIssuer: `${base}/login/oauth`,
      ...{ profile: `${api}/user`, emails: `${api}/user/emails` },
    }
  }),
  scopes: ['user:email'],
  profileHeaders: () => ({ accept: 'application/vnd.github+json' }),
  readProfile: (issuer, profile, emails) => {
    const primary = emails.find(({ primary }) => primary === true)
    return {
      ...{ issuer, sub: profile.id, name: profile.name ?? profile.login, userName: profile.login },
      ...{ avatar: profile.avatar_url, email: primary?.email, emailVerified: primary?.verified === true },
    }
  },
}

const keycloak: Definition = {
  endpoints: ({ url, issuer }) => {
    const realm = url ?? issuer
    return realm == null ? { missing: 'it has no url (that of the realm)' } : { issuer: trimmed(realm) }
  },
  scopes: OPENID,
}

/** Its own description has called it by both names, while its tokens kept the first. */
const apple: Definition = {
  endpoints: at('https://appleid.apple.com', (base, isUsual) =>
    isUsual
      ? {
          ...{ aliases: ['https://account.apple.com'], jwks: `${base}/auth/keys` },
          ...{ authorize: `${base}/auth/authorize`, token: `${base}/auth/token` },
        }
      : {},
  ),
  scopes: ['openid', 'email', 'name'],
  // Apple gives name and address in no other way.
  authorizeParameters: { response_mode: 'form_post' },
  pkce: false,
  readAnswer: ({ name }) => {
    const { firstName, lastName } = asRecord(name)
    return { name: [firstName, lastName].map(asText).filter(Boolean).join(' ') }
  },
}

/** People with accounts of their own, not of an organization. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'
const TENANT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** By the last part of `url`: whose people may come. All tenants are signed for with the same keys. */
function mayCome(named: string, tenant: string): boolean {
  if (named === 'common') return true
  if (named === 'organizations') return tenant !== CONSUMERS
  return tenant === (named === 'consumers' ? CONSUMERS : named)
}

/** Addresses of other domains are the tenant's administrator's to write: verified only when Entra says so itself. */
const azure: Definition = {
  endpoints: (places) => {
    const found = at('https://login.microsoftonline.com/common', (base) => ({
      ...{ authorize: `${base}/oauth2/v2.0/authorize`, token: `${base}/oauth2/v2.0/token` },
      jwks: `${base}/discovery/v2.0/keys`,
    }))(places)
    const named = tenantOf(found.issuer)
    const isKnown = ['common', 'organizations', 'consumers'].includes(named) || TENANT_ID.test(named)
    // The id of a tenant stands in its tokens, its name does not.
    return isKnown
      ? found
      : { missing: 'its url must end with common, organizations, consumers or the id of a tenant' }
  },
  scopes: OPENID,
  issuerOf: ({ issuer }, { tid }) => {
    if (typeof tid !== 'string' || !TENANT_ID.test(tid) || !mayCome(tenantOf(issuer), tid)) return undefined
    return `${new URL(issuer).origin}/${tid}/v2.0`
  },
  readClaims: (issuer, claims) => ({
    ...toOidcPerson(issuer, claims),
    emailVerified: isTrue(claims.xms_edov) || claims.xms_edov === 1 || claims.xms_edov === '1',
  }),
}

const tenantOf = (base: string): string => new URL(base).pathname.split('/').at(-1)?.toLowerCase() ?? ''

const gitlab: Definition = {
  endpoints: at('https://gitlab.com', (base) => ({
    ...{ authorize: `${base}/oauth/authorize`, token: `${base}/oauth/token`, profile: `${base}/api/v4/user` },
  })),
  scopes: ['read_user'],
  readProfile: (issuer, profile) => ({
    ...{
      issuer,
      sub: profile.id,
      name: profile.name,
      userName: profile.username,
      avatar: profile.avatar_url,
    },
    ...{ email: profile.email, emailVerified: asText(profile.confirmed_at) !== undefined },
  }),
}

const discord: Definition = {
  endpoints: at('https://discord.com', (base) => ({
    ...{ authorize: `${base}/api/oauth2/authorize`, token: `${base}/api/oauth2/token` },
    profile: `${base}/api/users/@me`,
  })),
  scopes: ['email', 'identify'],
  readProfile: (issuer, profile) => ({
    ...{ issuer, sub: profile.id, name: profile.username, userName: profile.username },
    ...{ avatar: discordAvatar(profile), email: profile.email, emailVerified: profile.verified === true },
    custom: { global_name: asText(profile.global_name) ?? null },
  }),
}

function discordAvatar({ id, avatar }: Readonly<Record<string, unknown>>): string | undefined {
  const [person, picture] = [asText(id), asText(avatar)]
  if (person === undefined || picture === undefined) return undefined
  const name = `${encodeURIComponent(person)}/${encodeURIComponent(picture)}`
  return `https://cdn.discordapp.com/avatars/${name}.${picture.startsWith('a_') ? 'gif' : 'png'}`
}

/** It never says whether an address was confirmed. */
const facebook: Definition = {
  endpoints: at('https://www.facebook.com', (base, isUsual) => {
    const graph = isUsual ? 'https://graph.facebook.com' : base
    return {
      ...{ authorize: `${base}/dialog/oauth`, token: `${graph}/oauth/access_token` },
      profile: `${graph}/me?fields=id,name,email,picture`,
      // Of its limited sign-in on phones.
      jwks: `${isUsual ? 'https://limited.facebook.com' : base}/.well-known/oauth/openid/jwks/`,
    }
  }),
  scopes: ['email'],
  pkce: false,
  profileQuery: ({ token, secret }) => ({
    appsecret_proof: createHmac('sha256', secret).update(token).digest('hex'),
  }),
  readClaims: (issuer, claims) => ({ ...toOidcPerson(issuer, claims), emailVerified: false }),
  readProfile: (issuer, profile) => ({
    ...{ issuer, sub: profile.id, name: profile.name, email: profile.email, emailVerified: false },
    avatar: asRecord(asRecord(profile.picture).data).url,
  }),
}

const linkedinOidc: Definition = {
  endpoints: at('https://www.linkedin.com/oauth'),
  scopes: OPENID,
  ...{ pkce: false, nonce: false },
}

const slackOidc: Definition = { endpoints: at('https://slack.com'), scopes: OPENID, pkce: false }

const twitch: Definition = {
  endpoints: at('https://id.twitch.tv', (base, isUsual) => ({
    ...{ authorize: `${base}/oauth2/authorize`, token: `${base}/oauth2/token` },
    profile: `${isUsual ? 'https://api.twitch.tv' : base}/helix/users`,
  })),
  scopes: ['user:read:email'],
  pkce: false,
  profileHeaders: (clientId) => ({ 'client-id': clientId }),
  readProfile: (issuer, profile) => {
    const [user = {}] = asRecords(profile.data)
    return {
      ...{ issuer, sub: user.id, name: user.display_name ?? user.login, userName: user.login },
      // Its reference of Get Users calls this the verified address: another one is not given.
      ...{ avatar: user.profile_image_url, email: user.email, emailVerified: true },
    }
  },
}

/** Its reference says that the address is not verified. */
const spotify: Definition = {
  endpoints: at('https://accounts.spotify.com', (base, isUsual) => ({
    ...{ authorize: `${base}/authorize`, token: `${base}/api/token` },
    profile: `${isUsual ? 'https://api.spotify.com' : base}/v1/me`,
  })),
  scopes: ['user-read-email'],
  clientAuthentication: 'basic',
  readProfile: (issuer, profile) => ({
    ...{ issuer, sub: profile.id, name: profile.display_name, email: profile.email, emailVerified: false },
    avatar: asRecords(profile.images)[0]?.url,
  }),
}

export const DEFINITIONS: ReadonlyMap<string, Definition> = new Map(
  Object.entries({
    ...{ google, github, keycloak, apple, azure, gitlab, discord, facebook, twitch, spotify },
    ...{ linkedin_oidc: linkedinOidc, slack_oidc: slackOidc, ...PROFILE_DEFINITIONS },
  }),
)

/** Codes of what a project is tied to: applications, providers that its service key adds, companies, wallets. */
import { refusal } from '../harness/auth-people.ts'
import { createEthereumWallet } from '../harness/wallets.ts'
import { type Case, CLOSED, type CodeScene, NOBODY } from './auth-code-scene.ts'
import { createCompanies } from './auth-companies.ts'

export const ofWallets = (s: CodeScene): readonly Case[] => [
  [
    'web3_provider_disabled',
    '422',
    () => {
      const asked = { statement: 'Welcome.', wallet: createEthereumWallet().provider }
      const options = { url: 'http://app.test/in' }
      return s.said(s.auth.client().auth.signInWithWeb3({ chain: 'ethereum', ...asked, options } as never))
    },
  ],
  [
    'web3_unsupported_chain',
    '400',
    () =>
      s.where({ web3: { ethereum: { enabled: true } } }, async () => {
        const body = { chain: 'dogecoin', message: 'm', signature: 's' }
        return refusal(await s.post('/token?grant_type=web3', undefined, body))
      }),
  ],
]

const NAMELESS = 'A'.repeat(32)

export const ofApplications = (s: CodeScene): readonly Case[] => [
  [
    'feature_disabled',
    '404',
    () =>
      s.where({ oauthServer: { enabled: false } }, () =>
        s.said(s.auth.admin().auth.admin.oauth.listClients()),
      ),
  ],
  [
    'oauth_dynamic_client_registration_disabled',
    '403',
    async () => {
      const body = { client_name: 'Agent', redirect_uris: ['http://127.0.0.1/cb'] }
      return refusal(await s.post('/oauth/clients/register', undefined, body))
    },
  ],
  ['oauth_client_not_found', '404', () => s.said(s.auth.admin().auth.admin.oauth.getClient(NOBODY))],
  [
    'oauth_authorization_not_found',
    '404',
    async () => s.said((await s.signedUp()).client.auth.oauth.getAuthorizationDetails(NAMELESS)),
  ],
  [
    'oauth_consent_not_found',
    '404',
    async () => s.said((await s.signedUp()).client.auth.oauth.revokeGrant({ clientId: NOBODY })),
  ],
]

export const ofCustomProviders = (s: CodeScene): readonly Case[] => {
  const api = () => s.auth.admin().auth.admin.customProviders
  let count = 0
  /** Nobody asks these addresses before somebody signs in. */
  const wish = () => {
    count += 1
    const own = { identifier: `custom:codes-${Date.now().toString(36)}-${count}`, name: 'Acme' }
    const places = {
      ...{ authorization_url: 'https://id.example/auth', token_url: 'https://id.example/token' },
      userinfo_url: 'https://id.example/me',
    }
    return { provider_type: 'oauth2' as const, ...own, client_id: 'us', client_secret: 's3cret', ...places }
  }
  /** There for one attempt: the suites share a project. */
  const besideOne = async (attempt: (there: ReturnType<typeof wish>) => Promise<string>): Promise<string> => {
    const there = wish()
    await api().createProvider(there)
    try {
      return await attempt(there)
    } finally {
      await api().deleteProvider(there.identifier)
    }
  }
  return [
    ['custom_provider_not_found', '404', () => s.said(api().getProvider('custom:nowhere'))],
    ['conflict', '400', () => besideOne((there) => s.said(api().createProvider(there)))],
    [
      'over_custom_provider_quota',
      '400',
      () =>
        besideOne(() => s.where({ customProviders: { max: 1 } }, () => s.said(api().createProvider(wish())))),
    ],
  ]
}

export const ofSso = (s: CodeScene): readonly Case[] => {
  const company = createCompanies(() => s.auth)
  const begin = (of: { providerId: string } | { domain: string }) =>
    s.said(s.auth.client().auth.signInWithSSO(of))
  return [
    [
      'saml_provider_disabled',
      '404',
      () => s.where({ saml: { enabled: false } }, () => begin({ domain: 'company.example' })),
    ],
    ['sso_provider_not_found', '404', () => begin({ domain: 'nowhere.example' })],
    [
      'sso_provider_disabled',
      '404',
      () =>
        company.with({}, async ({ id }) => {
          await company.admin('PUT', `/${id}`, { disabled: true })
          return begin({ providerId: id })
        }),
    ],
    [
      'saml_idp_already_exists',
      '422',
      () => company.with({}, ({ wish }) => company.refused('POST', '', wish)),
    ],
    [
      'sso_domain_already_exists',
      '400',
      () => {
        const domains = [company.newDomain()]
        return company.with({ domains }, () => company.refused('POST', '', { ...company.newWish(), domains }))
      },
    ],
    [
      'saml_entity_id_mismatch',
      '400',
      () =>
        company.with({}, ({ id }) => {
          const { metadata_xml } = company.newWish()
          return company.refused('PUT', `/${id}`, { metadata_xml })
        }),
    ],
    [
      'saml_metadata_fetch_failed',
      '400',
      () => company.refused('POST', '', { type: 'saml', metadata_url: `${CLOSED}metadata` }),
    ],
  ]
}

export const ofAssertions = (s: CodeScene): readonly Case[] => {
  const company = createCompanies(() => s.auth)
  const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
  return [
    [
      'saml_relay_state_not_found',
      '',
      () => company.with({}, async (one) => company.codeOf(await company.bring(one, {}, NOBODY))),
    ],
    [
      'saml_relay_state_expired',
      '',
      () =>
        company.with({}, async (one) => {
          const { relayState } = await company.begin(one)
          await s.auth.later(10 * 60_000 + 1_000)
          return company.codeOf(await company.bring(one, {}, relayState))
        }),
    ],
    [
      'saml_idp_not_found',
      '',
      () =>
        s.where({ saml: { enabled: true, idpInitiated: true } }, () =>
          company.with({}, async (one) =>
            company.codeOf(await company.bring(one, { issuer: 'https://nobody.example' }, '')),
          ),
        ),
    ],
    [
      'saml_assertion_no_user_id',
      '',
      () =>
        company.with({}, async (one) =>
          company.codeOf(await company.answer(one, { nameIdFormat: transient })),
        ),
    ],
    [
      'saml_assertion_no_email',
      '',
      () => company.with({}, async (one) => company.codeOf(await company.answer(one, { attributes: {} }))),
    ],
    [
      'user_sso_managed',
      '422',
      () =>
        company.with({}, async (one) => {
          const { client } = await company.enter(await company.answer(one, {}))
          return s.said(client.auth.updateUser({ password: 'another long passphrase' }))
        }),
    ],
  ]
}

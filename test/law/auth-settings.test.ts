/** Each setting of auth is told to those who come from GoTrue, and each of GoTrue's is said to be there or not. */
import { readFile } from 'node:fs/promises'
import { AuthSettings } from '@cascata/shared/auth-settings'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

/** As GoTrue reads them, without their prefix; a star is any ending. */
const GOTRUE = [
  ...[
    'DISABLE_SIGNUP',
    'EXTERNAL_EMAIL_ENABLED',
    'EXTERNAL_PHONE_ENABLED',
    'EXTERNAL_ANONYMOUS_USERS_ENABLED',
  ],
  ...['EXTERNAL_EMAIL_MAGIC_LINK_ENABLED', 'MAILER_AUTOCONFIRM', 'SMS_AUTOCONFIRM', 'MAILER_OTP_EXP'],
  ...['MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS', 'MAILER_SECURE_EMAIL_CHANGE_ENABLED', 'MAILER_OTP_LENGTH'],
  ...[
    'SMS_OTP_EXP',
    'SMS_OTP_LENGTH',
    'SMS_TEST_OTP',
    'SMS_TEMPLATE',
    'SMTP_MAX_FREQUENCY',
    'SMS_MAX_FREQUENCY',
  ],
  ...['SITE_URL', 'URI_ALLOW_LIST', 'API_EXTERNAL_URL', 'MAILER_URLPATHS_*', 'MAILER_TEMPLATES_*'],
  ...['MAILER_SUBJECTS_*', 'MAILER_EXTERNAL_HOSTS', 'SMTP_HOST', 'SMTP_PORT', 'SMTP_USER', 'SMTP_PASS'],
  ...['SMTP_ADMIN_EMAIL', 'SMTP_SENDER_NAME', 'JWT_SECRET', 'JWT_KEYS', 'JWT_EXP', 'JWT_AUD', 'JWT_ISSUER'],
  ...['JWT_ADMIN_ROLES', 'JWT_DEFAULT_GROUP_NAME', 'JWT_VALID_METHODS', 'SESSIONS_TIMEBOX'],
  ...['SESSIONS_INACTIVITY_TIMEOUT', 'SESSIONS_SINGLE_PER_USER', 'SECURITY_REFRESH_TOKEN_ROTATION_ENABLED'],
  ...['SECURITY_REFRESH_TOKEN_REUSE_INTERVAL', 'SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION'],
  ...[
    'PASSWORD_MIN_LENGTH',
    'PASSWORD_REQUIRED_CHARACTERS',
    'PASSWORD_HIBP_ENABLED',
    'PASSWORD_HIBP_FAIL_CLOSED',
  ],
  ...[
    'PASSWORD_HIBP_USER_AGENT',
    'PASSWORD_HIBP_BLOOM_*',
    'SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION',
  ],
  ...['SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD', 'RATE_LIMIT_EMAIL_SENT', 'RATE_LIMIT_SMS_SENT'],
  ...['RATE_LIMIT_VERIFY', 'RATE_LIMIT_TOKEN_REFRESH', 'RATE_LIMIT_SSO', 'RATE_LIMIT_OTP', 'RATE_LIMIT_WEB3'],
  ...['RATE_LIMIT_PASSKEY', 'RATE_LIMIT_ANONYMOUS_USERS', 'RATE_LIMIT_HEADER', 'MFA_MAX_ENROLLED_FACTORS'],
  ...['MFA_CHALLENGE_EXPIRY_DURATION', 'MFA_TOTP_*', 'MFA_PHONE_*', 'MFA_WEB_AUTHN_*', 'PASSKEY_ENABLED'],
  ...[
    'WEBAUTHN_RP_ID',
    'WEBAUTHN_RP_ORIGINS',
    'WEBAUTHN_RP_DISPLAY_NAME',
    'SECURITY_MANUAL_LINKING_ENABLED',
    'SECURITY_CAPTCHA_*',
  ],
  ...[
    'HOOK_CUSTOM_ACCESS_TOKEN_*',
    'HOOK_SEND_EMAIL_*',
    'HOOK_SEND_SMS_*',
    'HOOK_MFA_VERIFICATION_ATTEMPT_*',
  ],
  ...['HOOK_PASSWORD_VERIFICATION_ATTEMPT_*', 'HOOK_BEFORE_USER_CREATED_*', 'HOOK_AFTER_USER_CREATED_*'],
  ...[
    ...['APPLE', 'AZURE', 'BITBUCKET', 'DISCORD', 'FACEBOOK', 'FIGMA', 'FLY', 'GITHUB', 'GITLAB', 'GOOGLE'],
    ...['KAKAO', 'KEYCLOAK', 'LINKEDIN', 'LINKEDIN_OIDC', 'NOTION', 'SLACK', 'SLACK_OIDC', 'SNAPCHAT'],
    ...['SPOTIFY', 'TWITCH', 'TWITTER', 'X', 'VERCEL_MARKETPLACE', 'WORKOS', 'ZOOM', 'WEB3_SOLANA'],
    'WEB3_ETHEREUM',
  ].map((name) => `EXTERNAL_${name}_*`),
  ...['SMS_PROVIDER', 'SMS_TWILIO_*', 'SMS_TWILIO_VERIFY_*', 'SMS_MESSAGEBIRD_*', 'SMS_TEXTLOCAL_*'],
  ...['SMS_VONAGE_*', 'SAML_*', 'OAUTH_SERVER_*', 'CUSTOM_OAUTH_*', 'CORS_ALLOWED_HEADERS'],
  'API_MAX_REQUEST_DURATION',
]

/** Told as one: what is in them is a table of its own, or depends on a kind. */
const WHOLE = new Set(['mailer.urlPaths', 'mailer.templates', 'hooks', 'external', 'phone.testOtp'])

type Shape = { properties?: Record<string, Shape> }

function namesIn({ properties }: Shape, path: readonly string[] = []): string[] {
  const name = path.join('.')
  if (properties === undefined || WHOLE.has(name)) return [name]
  return Object.entries(properties).flatMap(([word, inner]) => namesIn(inner, [...path, word]))
}

const settings = namesIn(z.toJSONSchema(AuthSettings, { io: 'output', unrepresentable: 'any' }) as Shape)

type Row = { gotrue: string[]; verdict: string; settings: string[] }

const ticked = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)

let rows: Row[]
let operate: string
beforeAll(async () => {
  const read = (path: string) => readFile(new URL(`../../docs/${path}`, import.meta.url), 'utf8')
  const text = await read('compatibility.md')
  const part = text.slice(text.indexOf('# Compatibility with GoTrue')).split('\n## Settings\n')[1] ?? ''
  const lines = (part.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| '))
  rows = lines.slice(1).map((line) => {
    const [, gotrue = '', verdict = '', own = ''] = line.split('|')
    return { gotrue: ticked(gotrue), verdict: verdict.trim(), settings: ticked(own) }
  })
  operate = await read('operate/auth.md')
})

describe('the table of settings', () => {
  test('has every setting there is, once or more, and none that is not', () => {
    expect(settings.length).toBeGreaterThan(50)
    const told = rows.flatMap((row) => row.settings)
    expect(settings.filter((name) => !told.includes(name))).toEqual([])
    expect(told.filter((name) => !settings.includes(name))).toEqual([])
  })

  test('has every one of GoTrue’s, once', () => {
    expect(rows.flatMap((row) => row.gotrue).toSorted()).toEqual(GOTRUE.toSorted())
  })

  test('says of each whether it works, and of what works by which name', () => {
    const verdicts = ['works', 'differs', 'not yet', 'ours']
    expect(rows.filter(({ verdict }) => !verdicts.includes(verdict))).toEqual([])
    expect(rows.filter(({ verdict, settings }) => verdict === 'works' && settings.length === 0)).toEqual([])
    expect(rows.filter(({ verdict, gotrue }) => (verdict === 'ours') !== (gotrue.length === 0))).toEqual([])
  })
})

test('the guide of operators has a line for every setting', () => {
  const table = operate.split('## Every setting\n')[1]?.split('\n## ')[0] ?? ''
  const cells = table.split('\n').map((line) => ticked(line.split('|')[1] ?? ''))
  // After the first, names of a cell may go without what they share with it: `.verify`.
  const told = cells.flatMap(([first = '', ...more]) => {
    const shared = first.slice(0, first.lastIndexOf('.'))
    return [first, ...more.map((name) => (name.startsWith('.') ? `${shared}${name}` : name))]
  })
  const isTold = (name: string) => told.some((each) => each === name || each.startsWith(`${name}.<`))
  expect(settings.filter((name) => !isTold(name))).toEqual([])
})

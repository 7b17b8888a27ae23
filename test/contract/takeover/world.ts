/** The service, providers that anybody can speak for, and telephones that take every message. */
import { startAuthRuntime } from '../../harness/auth-runtime.ts'
import { startHookEndpoint } from '../../harness/hook-endpoint.ts'
import { CLIENT, makeKey, REDIRECT_URI, startOidc } from '../../harness/identity-provider.ts'
import { startPostgres } from '../../harness/postgres.ts'
import { SURE, UNSURE, type World } from './play.ts'

const LIMITS = [
  ...['emailsPerHour', 'smsPerHour', 'otpPer5Min', 'verifyPer5Min', 'refreshPer5Min', 'passkeyPer5Min'],
  ...['signInPer5Min', 'anonymousPerHour'],
]

export type OpenWorld = World & { stop(): Promise<void> }

export async function openWorld(settings: object): Promise<OpenWorld> {
  const key = await makeKey('k1')
  const [pg, sms, oidc] = await Promise.all([startPostgres(), startHookEndpoint(), startOidc(key)])
  const { issuer } = oidc
  const provider = { clientIds: [CLIENT.client_id], secret: CLIENT.client_secret, issuer }
  const external = Object.fromEntries(
    [SURE, UNSURE].map((name) => [name, { ...provider, redirectUri: REDIRECT_URI }]),
  )
  const auth = await startAuthRuntime(pg, {
    ...{ external, manualLinking: true, passkeys: { enabled: true, max: 100 }, hooks: { sendSms: sms.hook } },
    // Who is kept out by a limit would show nothing.
    lockout: { enabled: false },
    rateLimits: Object.fromEntries(LIMITS.map((name) => [name, 100_000])),
    phone: { enabled: true, maxFrequencyS: 0 },
    ...settings,
  })
  return {
    ...{ auth, issuer, key },
    async stop() {
      await auth.stop()
      await pg.stop()
      sms.close()
      oidc.close()
    },
  }
}

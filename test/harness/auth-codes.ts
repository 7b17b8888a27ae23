/** Codes in somebody's hands, of a mail that was followed and of an application, that nobody has spent yet. */
import type { AuthPlace, Called } from './auth-place.ts'
import type { createPeople } from './auth-people.ts'
import type { createApps } from './oauth-apps.ts'

type People = ReturnType<typeof createPeople>
type Apps = ReturnType<typeof createApps>
type Person = Awaited<ReturnType<People['signedUp']>>
type App = Awaited<ReturnType<Apps['newApp']>>
type Granted = Awaited<ReturnType<Apps['codeFor']>>

const VERIFIER = 'v'.repeat(43)

/** @param auth asked at each call: it starts after the tests are read. */
export function createCodes(auth: () => AuthPlace, { people, apps }: { people: People; apps: Apps }) {
  /** `plain` */
  const mailedCode = async ({ email }: Pick<Person, 'email'>): Promise<string> => {
    await people.post('/otp', undefined, { email, code_challenge: VERIFIER, code_challenge_method: 'plain' })
    const link = (await auth().mailTo(email)).links.find((each) => each.includes('/verify')) ?? ''
    const followed = await auth().fetch(link, { redirect: 'manual' })
    const code = new URL(followed.headers.get('location') ?? 'http://none').searchParams.get('code')
    return code ?? 'none'
  }

  const exchanged = (code: string, verifier = VERIFIER): Promise<Called> =>
    people.post('/token?grant_type=pkce', undefined, { auth_code: code, code_verifier: verifier })

  const inHand = async () => {
    const person = await people.signedUp()
    const app = await apps.newApp()
    const granted = await apps.codeFor(app, person.client)
    return { person, app, granted, mailed: await mailedCode(person) }
  }

  const basic = ({ app }: App) => ({ authorization: `Basic ${btoa(`${app.id}:${app.secret}`)}` })

  const spent = (app: App, { code, departure }: Granted): Promise<Called> =>
    apps.askToken(
      {
        ...{ grant_type: 'authorization_code', code, redirect_uri: app.app.redirectUri },
        code_verifier: departure.verifier,
      },
      basic(app),
    )

  const refreshed = (app: App, token: string): Promise<Called> =>
    apps.askToken({ grant_type: 'refresh_token', refresh_token: token }, basic(app))

  return { mailedCode, exchanged, inHand, spent, refreshed }
}

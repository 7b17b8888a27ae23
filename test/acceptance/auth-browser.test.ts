/** A person in a browser: the provider's own pages, its consent, letters that are clicked; the app of the tests shows who is in. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type AppPage, startAppPage } from '../harness/app-page.ts'
import type { AuthPlace } from '../harness/auth-place.ts'
import { newPerson, startBrowser, withAuthenticator } from '../harness/browser.ts'
import { CLIENT, makeKey, type OidcHarness, startOidc } from '../harness/identity-provider.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'
const FLOWS = ['pkce', 'implicit'] as const

let browser: Browser
let app: AppPage
let auth: AuthPlace
let oidc: OidcHarness
let person: BrowserContext | undefined

beforeAll(async () => {
  ;[browser, app] = await Promise.all([startBrowser(), startAppPage()])
  const usual = {
    siteUrl: `${app.origin}/pkce`,
    redirectUrls: [`${app.origin}/**`],
    passkeys: { enabled: true },
  }
  auth = await openAuth(usual)
  const callback = `${auth.url}/auth/v1/callback`
  oidc = await startOidc(await makeKey('k1'), {
    clients: [{ ...CLIENT, redirect_uris: [callback], token_endpoint_auth_method: 'client_secret_post' }],
    // Nobody has agreed to anything yet: they are asked.
    loadExistingGrant: ({ oidc: { result, session, client, provider } }) => {
      const known = result?.consent?.grantId ?? session?.grantIdFor(client?.clientId ?? '')
      return known ? provider.Grant.find(known) : Promise.resolve(undefined)
    },
  })
  await auth.reach(Number(new URL(oidc.issuer).port))
  const acme = { clientIds: [CLIENT.client_id], secret: CLIENT.client_secret, issuer: oidc.issuer }
  await auth.set({ external: { acme } })
  await auth.run(`
    create table if not exists public.notes
      (owner uuid default auth.uid(), note text not null, primary key (owner, note));
    create policy own on public.notes to authenticated
      using (owner = auth.uid()) with check (owner = auth.uid())`)
  app.serve({ url: auth.url, key: auth.keys.anon })
})
afterEach(async () => {
  await person?.close()
})
afterAll(async () => {
  await browser?.close()
  app?.stop()
  oidc?.close()
  await auth?.stop()
})

async function opened(flow: (typeof FLOWS)[number]): Promise<Page> {
  person = await newPerson(browser)
  const page = await person.newPage()
  await page.goto(`${app.origin}/${flow}`)
  await shows(page, 'who', 'nobody')
  return page
}
const shows = (page: Page, id: string, text: string) =>
  expect.poll(() => page.locator(`#${id}`).textContent(), { timeout: 20_000 }).toBe(text)

/** What the provider shows first. */
async function logIn(page: Page, login: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign in with Acme' }).click()
  await page.locator('input[name=login]').fill(login)
  await page.locator('input[name=password]').fill('any will do')
  expect(new URL(page.url()).origin).toBe(oidc.issuer)
  await page.getByRole('button', { name: 'Sign-in' }).click()
}
const agree = (page: Page) => page.getByRole('button', { name: 'Continue' }).click()

describe.each(FLOWS)('with %s', (flow) => {
  test('somebody logs in at the provider, agrees, and is in, with rows of their own', async () => {
    const page = await opened(flow)
    await logIn(page, `ada-${flow}`)
    await agree(page)
    await shows(page, 'who', `ada-${flow}@example.com`)
    await shows(page, 'by', 'acme')
    await shows(page, 'rows', flow)
    const { origin, pathname, search, hash } = new URL(page.url())
    expect([origin + pathname, search, hash.replace('#', '')]).toEqual([`${app.origin}/${flow}`, '', ''])
    await page.reload()
    await shows(page, 'who', `ada-${flow}@example.com`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await shows(page, 'who', 'nobody')
  })

  test('somebody clicks the link in the mail, and is in', async () => {
    const email = `link-${flow}@browser.example`
    await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const page = await opened(flow)
    await page.locator('#email').fill(email)
    await page.getByRole('button', { name: 'Send me a link' }).click()
    await shows(page, 'sent', 'sent')
    const mail = await auth.mailTo(email)
    // As a mail program shows it.
    await page.setContent(mail.html)
    await page.locator('a[href*="/auth/v1/verify"]').first().click()
    await shows(page, 'who', email)
    await shows(page, 'rows', flow)
  })

  test('who does not agree comes back to the app, and is told', async () => {
    const page = await opened(flow)
    await logIn(page, `unwilling-${flow}`)
    await page.getByRole('link', { name: 'Cancel' }).click()
    await shows(page, 'refused', 'bad_oauth_callback')
    await shows(page, 'who', 'nobody')
  })
})

test('a link of PKCE that another browser opens signs nobody in there', async () => {
  const email = 'stolen@browser.example'
  await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  const page = await opened('pkce')
  await page.locator('#email').fill(email)
  await page.getByRole('button', { name: 'Send me a link' }).click()
  await shows(page, 'sent', 'sent')
  const link = (await auth.mailTo(email)).links.find((each) => each.includes('/verify')) ?? ''
  const thief = await newPerson(browser)
  const other = await thief.newPage()
  await other.goto(link)
  await expect.poll(() => new URL(other.url()).searchParams.has('code')).toBe(true)
  await shows(other, 'who', 'nobody')
  await thief.close()
})

test('somebody makes a passkey, and signs in with nothing else', async () => {
  const email = 'passkey@browser.example'
  const { admin } = auth.admin().auth
  await admin.createUser({ email, password: PASSWORD, email_confirm: true })
  const { data } = await admin.generateLink({
    type: 'magiclink',
    email,
    options: { redirectTo: `${app.origin}/implicit` },
  })
  const page = await opened('implicit')
  await withAuthenticator(page)
  await page.goto(data.properties?.action_link ?? '')
  await shows(page, 'who', email)
  await page.getByRole('button', { name: 'Make a passkey' }).click()
  await shows(page, 'made', 'made')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await shows(page, 'who', 'nobody')
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await shows(page, 'made', 'used')
  await shows(page, 'who', email)
})

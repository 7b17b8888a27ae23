/** Chromium without a window. It reaches this machine alone: names under `localhost` are the loopback, all others nobody. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { testConfig } from './config.ts'

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
]

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: testConfig.chromium, headless: true, args: FLAGS })

/** A person's own: nothing is kept of another's. */
export async function newPerson(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext()
  context.setDefaultTimeout(20_000)
  await context.route(
    ({ hostname }) => hostname !== '127.0.0.1' && !hostname.endsWith('localhost'),
    (route) => route.abort(),
  )
  return context
}

/** What a phone or a laptop has built in, always ready, of somebody it knows (WebAuthn of Chrome's DevTools protocol). */
export async function withAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true },
      ...{ hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    },
  })
}

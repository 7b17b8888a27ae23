/**
 * `POST /token?grant_type=web3`: whoever has the key of an address signs in as that address. The message must be for this
 * site, of now, and is taken once.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Context, nowOf, siteUrlOf, within } from '../context.ts'
import { ValidationFailed } from '../errors.ts'
import { accountOf, isStillLinked, type Vouched, welcomeExternal } from '../external.ts'
import { assertHuman, assertWithinRate } from '../guard.ts'
import { isLoopback } from '../outbound.ts'
import { isAllowed } from '../redirects.ts'
import { type AuthRequest, bodyOf, flowShape, optionalText } from '../request.ts'
import type { SessionView } from '../session-view.ts'
import { sessionAfter } from '../sign-in.ts'
import { spendMessage } from '../store/web3-messages.ts'
import { ChainUnsupported, Web3Disabled, Web3Refused } from './errors.ts'
import { type Chain, MessageUnreadable, parseMessage, type Web3Message } from './message.ts'
import { isSignedBy, SIGNATURES } from './signature.ts'

const MESSAGE_LENGTH_MIN = 64
const MESSAGE_LENGTH_MAX = 20 * 1024
const isChain = (name: string | undefined): name is Chain => name === 'ethereum' || name === 'solana'
const NAMES: Readonly<Record<Chain, string>> = { ethereum: 'Ethereum', solana: 'Solana' }
const PROVIDER = 'web3'

const Body = z.object({
  ...{ chain: optionalText, message: z.string().max(MESSAGE_LENGTH_MAX).nullish(), signature: optionalText },
  ...flowShape,
})

/** @throws Web3Disabled, ChainUnsupported, ValidationFailed, Web3Refused */
export async function signInWithWeb3(context: Context, request: AuthRequest): Promise<SessionView> {
  await assertWithinRate(context, request, 'web3')
  const { web3 } = context.project.settings()
  if (!web3.ethereum.enabled && !web3.solana.enabled) throw Web3Disabled('')
  const body = bodyOf(request, Body)
  await assertHuman(context, request, body.gotrue_meta_security)
  const { chain } = body
  if (!isChain(chain)) throw ChainUnsupported()
  if (!web3[chain].enabled) throw Web3Disabled(NAMES[chain])
  const text = body.message ?? ''
  if (text.length < MESSAGE_LENGTH_MIN) throw ValidationFailed('message is too short')
  const message = readMessage(text, chain)
  const signature = (body.signature ?? '').trim()
  if (!SIGNATURES[chain].form.test(signature))
    throw ValidationFailed(`signature must be ${SIGNATURES[chain].words}`)
  if (!(await isSignedBy(chain, { text, address: message.address, signature })))
    throw Web3Refused('Signature does not match address in message')
  assertForUs(context, message)
  const validUntil = assertOfNow(context, chain, message)
  const vouched: Vouched = {
    ...{ provider: PROVIDER, person: personOf(chain, message), request, emailOptional: true },
  }
  const digest = createHash('sha256').update(`${chain} ${message.address} ${text}`).digest()
  const spent = { digest, expiresAt: validUntil, at: nowOf(context) }
  if (!(await within(context, (tx) => spendMessage(tx, spent))))
    throw Web3Refused('The signed message was used already')
  const welcomed = await welcomeExternal(context, vouched)
  const signIn = { method: PROVIDER, request, stillHolds: isStillLinked(vouched) } as const
  return sessionAfter(context, signIn, (tx) => accountOf(context, tx, { ...vouched, ...welcomed }))
}

function readMessage(text: string, chain: Chain): Web3Message {
  try {
    return parseMessage(text, chain)
  } catch (error) {
    if (error instanceof MessageUnreadable)
      throw ValidationFailed(`The message cannot be read: ${error.message}`)
    throw error
  }
}

/**
 * Wallets warn of a domain that is not that of the page. So the domain as a whole must be ours, and not only the page
 * that the URI names. @throws Web3Refused
 */
function assertForUs(context: Context, { uri, domain }: Web3Message): void {
  const isLocal = isLoopback(uri.hostname)
  if (uri.protocol !== 'https:' && !isLocal)
    throw Web3Refused('The signed message is using a URI which does not use HTTPS')
  const rules = { siteUrl: siteUrlOf(context), redirectUrls: context.project.settings().redirectUrls }
  if (!isAllowed(uri.href, rules))
    throw Web3Refused('The signed message is using a URI which is not allowed on this server')
  const isWhole = isLocal || isAllowed(`https://${domain}/`, rules)
  if (uri.host !== domain.toLowerCase() || !isWhole)
    throw Web3Refused('The signed message is using a domain which is not allowed on this server')
}

/** @returns until when it would be taken. @throws Web3Refused */
function assertOfNow(context: Context, chain: Chain, message: Web3Message): Date {
  const now = context.clock.now()
  const maxMs = context.project.settings().web3[chain].maxValidityS * 1000
  const { issuedAt, expiresAt, notBefore } = message
  if (notBefore && now < notBefore.getTime())
    throw Web3Refused('The signed message becomes valid in the future')
  if (expiresAt && now > expiresAt.getTime()) throw Web3Refused('The signed message is expired')
  if (now > issuedAt.getTime() + maxMs) throw Web3Refused('The signed message was issued too long ago')
  // Clocks of phones differ; GoTrue lets them by as much.
  if (now < issuedAt.getTime() - maxMs)
    throw Web3Refused('The signed message was issued too far in the future')
  return new Date(issuedAt.getTime() + maxMs)
}

function personOf(chain: Chain, { address, chainId, domain, statement }: Web3Message): Vouched['person'] {
  const sub = `${PROVIDER}:${chain}:${address}`
  const custom = { address, chain, network: chainId ?? '', domain, statement: statement ?? '' }
  return { sub, email: null, emailVerified: false, claims: { sub, custom_claims: custom } }
}

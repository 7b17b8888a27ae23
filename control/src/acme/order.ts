/**
 * What to do next with an order, from what is kept of it and from what the authority says of it. Pure.
 *
 * What a step needs is kept before the step: a kill between two of them costs a repeated look, never a second order.
 */
import type { AcmeAuthorization, AcmeChallenge, AcmeError, AcmeOrder, ChallengeType } from './port.ts'

/** A proof that stands, or is to stand, for one name; kept before it is put up, so that it is taken down whatever happens. */
export type Proof = {
  type: ChallengeType
  /** Without `*.` */
  host: string
  token: string
  /** Content of the file, or of the TXT record. */
  value: string
  /** Epoch milliseconds; null until it stands. */
  presentedAt: number | null
}

/** What is kept of an order that is under way. */
export type OrderProgress = {
  /** Set before the authority is asked for an order: without `url`, nobody knows whether it made one. */
  askedAt: number | null
  url: string | null
  proofs: readonly Proof[]
}

export type OrderAction =
  | { do: 'ask' }
  /** It was asked before and the answer was lost. */
  | { do: 'find' }
  | { do: 'prove'; authorization: AcmeAuthorization; challenge: AcmeChallenge }
  | { do: 'present'; proof: Proof }
  /** To find out whether the zone's servers show the proofs. */
  | { do: 'look'; proofs: readonly Proof[] }
  /** `isSeen`: as far as we know the authority will find the proof. */
  | { do: 'answer'; challengeUrl: string; isSeen: boolean }
  | { do: 'finalize'; url: string }
  | { do: 'download'; url: string }
  | { do: 'wait'; ms: number }
  | { do: 'fail'; error: AcmeError; hosts: readonly string[] }

/** Between two looks at something that the authority is busy with. */
const LOOK_AGAIN_MS = 1_000
const LOOK_AGAIN_MS_MAX = 60_000
/** Between two looks at what the zone's servers show. */
const SPREAD_AGAIN_MS = 2_000

export type OrderView = {
  progress: OrderProgress
  challenge: ChallengeType
  /** How long the zone's servers are waited for: DNS is not everywhere at once. Zero does not ask them. */
  propagationMs: number
  /** What they were found to show just now. */
  spread: 'unknown' | 'partly' | 'everywhere'
  now: number
  /** Null: not asked yet, or nobody knows where it is. */
  order: AcmeOrder | null
  authorizations: readonly AcmeAuthorization[]
}

export function nextAction(view: OrderView): OrderAction {
  const { progress, order } = view
  if (!order) return progress.askedAt === null ? { do: 'ask' } : { do: 'find' }
  switch (order.status) {
    case 'pending':
      return nextProof(view)
    case 'ready':
      return { do: 'finalize', url: order.finalize }
    case 'processing':
      return wait(order.retryAfterMs)
    case 'valid':
      // It may take a moment until a valid order says where its certificate is.
      return order.certificate === null
        ? wait(order.retryAfterMs)
        : { do: 'download', url: order.certificate }
    case 'invalid':
      return failureOf(view, order)
  }
}

const wait = (retryAfterMs: number | null): OrderAction => ({
  do: 'wait',
  ms: Math.min(Math.max(retryAfterMs ?? 0, LOOK_AGAIN_MS), LOOK_AGAIN_MS_MAX),
})

/** All proofs stand before the first is looked at: two of one name share a record, and caches remember half of it. */
function nextProof(view: OrderView): OrderAction {
  const open = view.authorizations.filter(({ status }) => status === 'pending')
  if (view.authorizations.some(({ status }) => status !== 'pending' && status !== 'valid'))
    return failureOf(view, null)
  const pairs = open.map((authorization) => {
    const challenge = authorization.challenges.find(({ type }) => type === view.challenge)
    return { authorization, challenge, proof: proofFor(view.progress, challenge) }
  })
  for (const { authorization, challenge, proof } of pairs) {
    if (!challenge) return { do: 'fail', error: unproven(view.challenge, authorization.host), hosts: [] }
    if (!proof) return { do: 'prove', authorization, challenge }
  }
  const unseen = pairs.find(({ proof }) => proof?.presentedAt === null)
  if (unseen?.proof) return { do: 'present', proof: unseen.proof }
  const next = pairs.find(({ challenge }) => challenge?.status === 'pending')
  const proofs = pairs.flatMap(({ proof }) => proof ?? [])
  if (next?.challenge) return onceSpread(view, proofs, next.challenge.url)
  return wait(view.authorizations.find(({ retryAfterMs }) => retryAfterMs !== null)?.retryAfterMs ?? null)
}

/** What the authority finds missing is a failure, and counted: it is told to look when it will find it, or is long overdue. */
function onceSpread(
  { propagationMs, spread, now }: OrderView,
  proofs: readonly Proof[],
  challengeUrl: string,
): OrderAction {
  const isAsked = propagationMs > 0 && proofs.some(({ type }) => type === 'dns-01')
  if (!isAsked || spread === 'everywhere') return { do: 'answer', challengeUrl, isSeen: true }
  if (spread === 'unknown') return { do: 'look', proofs }
  const leftMs = Math.max(...proofs.map(({ presentedAt }) => presentedAt ?? 0)) + propagationMs - now
  return leftMs > 0
    ? { do: 'wait', ms: Math.min(leftMs, SPREAD_AGAIN_MS) }
    : { do: 'answer', challengeUrl, isSeen: false }
}

const proofFor = ({ proofs }: OrderProgress, challenge: AcmeChallenge | undefined) =>
  proofs.find(({ token, type }) => token === challenge?.token && type === challenge.type)

const unproven = (type: ChallengeType, host: string): AcmeError => ({
  type: 'unsupportedChallenge',
  detail: `The authority offers no ${type} for ${host}.`,
})

/** Why it came to nothing: the challenge that failed says most. */
function failureOf(view: OrderView, order: AcmeOrder | null): OrderAction {
  const lost = view.authorizations.filter(({ status }) => status !== 'pending' && status !== 'valid')
  const said = lost.flatMap(({ challenges }) => challenges).find(({ error }) => error !== null)?.error
  const error = said ?? order?.error ?? { type: 'orderInvalid', detail: 'The authority gave the order up.' }
  const failed = lost.filter(({ status }) => status === 'invalid')
  return { do: 'fail', error, hosts: failed.map(({ host }) => host) }
}

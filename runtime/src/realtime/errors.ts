/** Why a handshake below `/realtime/v1` is refused, and why a topic is; and how the first is worded. */
import { type Problem, problem } from '@cascata/shared/problem'

export const WebSocketNeeded = problem('websocket-needed', {
  status: 426,
  title: 'A WebSocket is needed',
  detail: () => 'This address speaks WebSocket alone.',
  hint: 'Open it with `new WebSocket(...)`, or with the `realtime` of a client library.',
})

export const ProtocolUnknown = problem('realtime-protocol-unknown', {
  status: 400,
  title: 'Unknown version of the protocol',
  detail: () => 'The `vsn` of the address is none that is spoken here.',
  hint: 'Say `vsn=2.0.0` or `vsn=1.0.0`, or leave it out.',
})

export const NothingHere = problem('realtime-path-unknown', {
  status: 404,
  title: 'Nothing here',
  detail: () => 'Realtime answers at no such path.',
  hint: 'Connections are opened at /realtime/v1/websocket.',
})

/** Reasons in replies: a code, and what it means. A bad topic never closes the connection. */
export const REASONS = {
  nameless: 'TopicNameRequired: You must provide a topic name',
  unmatched: 'unmatched topic',
  noChannels: 'ChannelsNotThere: This release keeps connections open and serves no channels yet',
} as const

/** As Supabase's server words a refused handshake, with our code and hint beside it. */
export function wordRefusal({ status, message, code, hint }: Problem) {
  const headers: [string, string][] = [['content-type', 'application/json; charset=utf-8']]
  if (status === 426) headers.push(['upgrade', 'websocket'])
  return { status, headers, body: JSON.stringify({ error: message, code, hint }) }
}

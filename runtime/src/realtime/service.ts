/**
 * The service below `/realtime/v1`: keeps connections open and says that it is there. A connection alone holds the project
 * awake; channels are refused by name, each with its reason.
 */
import type { Problem } from '@cascata/shared/problem'
import { NothingHere, ProtocolUnknown, REASONS, WebSocketNeeded, wordRefusal } from './errors.ts'
import { type Message, type Reply, read, type Version, versionOf, writeReply } from './protocol.ts'

const SOCKET_PATH = '/websocket'
const TOPICS = 'realtime:'

/** RFC 6455 (7.4.1): data that does not fit what its message says of itself. */
const NOT_UNDERSTOOD = 1007

type Peer = { say(frame: string): void; end(code: number, reason: string): void }

export const isSocketPath = (path: string): boolean => path === SOCKET_PATH

export function createRealtime() {
  return {
    /** Whatever came without a handshake. */
    async handle({ path }: { path: string }): Promise<never> {
      throw isSocketPath(path) ? WebSocketNeeded() : NothingHere()
    },
    dialect: (problem: Problem) => wordRefusal(problem),
    /** @throws NothingHere, ProtocolUnknown. */
    talk({ path, query }: { path: string; query: string }) {
      if (!isSocketPath(path)) throw NothingHere()
      const version = versionOf(new URLSearchParams(query).get('vsn'))
      if (version === undefined) throw ProtocolUnknown()
      return (peer: Peer) => (frame: string | Buffer) => hear(peer, version, frame)
    },
  }
}

function hear(peer: Peer, version: Version, frame: string | Buffer): void {
  const message = read(version, frame)
  if (message === undefined) {
    peer.end(NOT_UNDERSTOOD, 'a message was not understood')
    return
  }
  const reply = replyTo(message)
  if (reply !== undefined) peer.say(writeReply(version, message, reply))
}

const ok: Reply = { status: 'ok', response: {} }
const refused = (reason: string): Reply => ({ status: 'error', response: { reason } })

/** A token for a channel is never answered, and of a channel that is not joined it means nothing. */
function replyTo({ topic, event }: Message): Reply | undefined {
  if (event === 'access_token') return undefined
  if (topic === 'phoenix' && event === 'heartbeat') return ok
  if (event === 'phx_leave') return ok
  if (event !== 'phx_join' || !topic.startsWith(TOPICS)) return refused(REASONS.unmatched)
  return refused(topic === TOPICS ? REASONS.nameless : REASONS.noChannels)
}

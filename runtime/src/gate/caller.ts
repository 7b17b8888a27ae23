/** Tells when a caller has left. One signal for each connection: a request ends with the connection it came on. */
import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import { CallerGone } from './budget.ts'

const signals = new WeakMap<Socket, AbortSignal>()

export function leaving(socket: Socket): AbortSignal {
  const known = signals.get(socket)
  if (known !== undefined) return known
  const aborter = new AbortController()
  // Requests may come before their forerunners are answered, and each listens.
  setMaxListeners(0, aborter.signal)
  socket.once('close', () => aborter.abort(new CallerGone('the caller left')))
  signals.set(socket, aborter.signal)
  return aborter.signal
}

/** Asks Postgres to cancel whatever a backend is doing just now. */
import { serialize } from 'pg-protocol/dist/serializer.js'
import { type Address, openSocket } from './channel.ts'

/**
 * Resolves when Postgres has closed the cancel's own socket. It signals the backend before that: what is sent to
 * the backend afterwards can no longer be hit. A cancel that fails is not an error: the statement goes on.
 */
export async function requestCancel(
  address: Address,
  target: { processId: number; secretKey: number },
  timeoutMs: number,
): Promise<void> {
  try {
    const socket = await openSocket(address, timeoutMs)
    await new Promise<void>((resolve) => {
      socket.setTimeout(timeoutMs, () => socket.destroy())
      socket.on('error', () => socket.destroy())
      socket.on('close', () => resolve())
      socket.resume()
      socket.write(serialize.cancel(target.processId, target.secretKey))
    })
  } catch {
    // Unreachable: the caller looks again whether the statement still runs.
  }
}

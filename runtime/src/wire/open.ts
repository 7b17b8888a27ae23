/** Postgres behind the port: a pool of pipelining connections, and one that listens. */
import type { Database } from '../session/database.ts'
import { type DatabaseOptions, WIRE_LIMITS, type WireEvent } from './limits.ts'
import { Listener } from './listener.ts'
import { Pool } from './pool.ts'

/** Connects in the background: a turn that comes earlier waits for it. */
export function openDatabase(given: DatabaseOptions): Database {
  const limits = { ...WIRE_LIMITS, ...given.limits }
  const options = { ...given, onEvent: harmless(given.onEvent) }
  const pool = new Pool(options, limits)
  const listener = new Listener(options, limits)
  return {
    run: (turn, signal) => pool.run(turn, signal),
    listen: (channel, onNotify) => listener.listen(channel, onNotify),
    close: async () => {
      await Promise.all([pool.close(), listener.close()])
    },
  }
}

/** A log that fails must not fail a turn. */
function harmless(onEvent: DatabaseOptions['onEvent']): (event: WireEvent) => void {
  return (event) => {
    try {
      onEvent?.(event)
    } catch {
      // There is no other place to tell it.
    }
  }
}

/** Waits for something that comes about by itself, within a bound; the last failure is what the test reports. */
import { setTimeout as pause } from 'node:timers/promises'

/** A busy machine is no failure: nothing is waited for any shorter. */
const PATIENCE_MS = 20_000

export async function eventually<Found>(withinMs: number, look: () => Promise<Found>): Promise<Found> {
  const until = Date.now() + Math.max(withinMs, PATIENCE_MS)
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > until) throw error
      await pause(50)
    }
  }
}

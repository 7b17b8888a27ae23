/** Waits for something that comes about by itself, within a bound; the last failure is what the test reports. */
import { setTimeout as pause } from 'node:timers/promises'

export async function eventually<Found>(withinMs: number, look: () => Promise<Found>): Promise<Found> {
  const until = Date.now() + withinMs
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > until) throw error
      await pause(50)
    }
  }
}

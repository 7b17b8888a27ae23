/** Counts failed attempts by address. In memory: a restart forgives, and control is one process. */
import type { Clock } from '@cascata/shared/clock'
import { ADDRESSES_MAX, FAILED_ATTEMPTS_MAX, FAILED_ATTEMPTS_WINDOW_MS } from './limits.ts'

export type Attempts = { exceeded(address: string): boolean; fail(address: string): void }

/** One network of IPv6 is one address: its holder has 2^64 of them. */
const networkOf = (address: string): string =>
  address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address

export function countAttempts(clock: Clock): Attempts {
  const windows = new Map<string, { since: number; failed: number }>()
  const current = (network: string) => {
    const window = windows.get(network)
    return window && clock.now() - window.since < FAILED_ATTEMPTS_WINDOW_MS ? window : undefined
  }
  return {
    exceeded: (address) => (current(networkOf(address))?.failed ?? 0) >= FAILED_ATTEMPTS_MAX,
    fail(address) {
      const network = networkOf(address)
      const window = current(network) ?? { since: clock.now(), failed: 0 }
      window.failed += 1
      // Put back at the end, so that the first in the map is the one that failed longest ago.
      windows.delete(network)
      windows.set(network, window)
      const [oldest] = windows.keys()
      if (windows.size > ADDRESSES_MAX && oldest !== undefined) windows.delete(oldest)
    },
  }
}

/** How long to leave something alone after it failed: longer each time, and never two in step. */
export type Pacing = { firstMs: number; maxMs: number }

type Entry = { failures: number; notBefore: number }

export class Backoff {
  readonly #entries = new Map<string, Entry>()
  readonly #pacing: Pacing
  readonly #random: () => number

  constructor(pacing: Pacing, random: () => number) {
    this.#pacing = pacing
    this.#random = random
  }

  /** Milliseconds until the key may be tried again; 0 when now. */
  waitMs(key: string, now: number): number {
    return Math.max(0, (this.#entries.get(key)?.notBefore ?? 0) - now)
  }

  failed(key: string, now: number): void {
    const failures = (this.#entries.get(key)?.failures ?? 0) + 1
    const ceiling = Math.min(this.#pacing.firstMs * 2 ** (failures - 1), this.#pacing.maxMs)
    // Half fixed, half random: spread without ever being immediate.
    this.#entries.set(key, { failures, notBefore: now + ceiling / 2 + (this.#random() * ceiling) / 2 })
  }

  succeeded(key: string): void {
    this.#entries.delete(key)
  }
}

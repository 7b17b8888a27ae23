/** Every bound of the activator. What a request itself may be, the edge has judged before. */
export type ActivatorLimits = {
  /** Requests that wait for one project, and in all. Each holds a socket and at most 64 KB of its body. */
  perProjectMax: number
  inAllMax: number
  /** How long one waits. */
  patienceMs: number
}

export const ACTIVATOR_LIMITS: ActivatorLimits = { perProjectMax: 256, inAllMax: 1_024, patienceMs: 25_000 }

/** How often a request looks for another runtime when the one it was sent to was gone before anything was said. */
export const CONNECTS_MAX = 3

/** How long the body of a refused request is read away. */
export const LISTEN_ON_MS = 1_000

export const HEADER_BYTES_MAX = 64 * 1024

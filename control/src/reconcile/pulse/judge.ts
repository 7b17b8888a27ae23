/**
 * Whether a runtime hangs: its container runs, and nobody in it answers. Pure.
 *
 * A process that is dead is the engine's to tell. One that is alive and does nothing can only be found out by asking.
 */

import type { Look } from '../../adapters/readiness.ts'

export type Pulse = {
  /** In a row, and of them those in which it did not work either. */
  silentLooks: number
  idleLooks: number
  /** It did not say that it is ready when it was last asked, although it runs. */
  isSuspect: boolean
}

/** What it used of the processors since the look before; null where that is not known. */
export type Seen = { look: Look; cpus: number | null }

/** One may be a long collection of garbage. */
const SILENT_LOOKS = 3
const IDLE_LOOKS = 2
/** One that works may only have too much to do: ended, it would be behind with even more. In an endless loop it works, too. */
const STRAINED_LOOKS = 12
const IDLE_CPUS = 0.01

/** Runtimes write down every five seconds that they are in use. */
const IN_USE_MS = 30_000

export const isHung = ({ silentLooks, idleLooks }: Pulse): boolean =>
  silentLooks >= STRAINED_LOOKS || (silentLooks >= SILENT_LOOKS && idleLooks >= IDLE_LOOKS)

const well: Pulse = { silentLooks: 0, idleLooks: 0, isSuspect: false }

/** A pass of the projects, which asks each of those that run, found it like this. */
export const seenAs = (pulse: Pulse | undefined, ready: boolean): Pulse =>
  ready ? well : { ...(pulse ?? well), isSuspect: true }

export function lookedAt({ silentLooks, idleLooks, isSuspect }: Pulse, { look, cpus }: Seen): Pulse {
  if (look === 'late') return { silentLooks, idleLooks, isSuspect }
  if (look !== 'silent') return well
  const isIdle = cpus !== null && cpus < IDLE_CPUS
  return { silentLooks: silentLooks + 1, idleLooks: isIdle ? idleLooks + 1 : 0, isSuspect: true }
}

/** Those in use, and those under suspicion: an idle one costs nothing, and whoever comes to it next is what finds it. */
export const isWorthALook = (
  { isSuspect }: Pulse,
  { now, lastActiveAt }: { now: number; lastActiveAt: number | null },
): boolean => isSuspect || (lastActiveAt !== null && now - lastActiveAt <= IN_USE_MS)

/**
 * When nginx may read its configuration again. A reload leaves the old workers until their connections end, or are cut;
 * any project can have reloads made and keep connections open meanwhile. So a reload waits when there were many, and
 * when there is no room for it: else nginx is killed for its memory, and the edge is away for everybody.
 *
 * Nothing is lost by waiting: what is rendered in the end is the whole. A single change never waits.
 */
import { WORKER_SHUTDOWN_S } from '../../edge/limits.ts'

const WINDOW_MS = 60_000
/** Within the window, before any has to wait. */
const FREE_RELOADS = 20
const GAP = { firstMs: 250, maxMs: 3_000 }

/** From then on there is none of the old workers left, and nothing to wait for. */
const OLD_WORKERS_MS = (WORKER_SHUTDOWN_S + 5) * 1_000
const LOOK_AGAIN_MS = 2_000

/**
 * What a byte of the text takes once nginx has read it: measured, 150 kB for a project of 3.5 kB. It is there three
 * times during a reload (the trial, the old one, the new one), and two workers have 5 MB each beside.
 */
const READ_BYTES_PER_BYTE = 45
const COPIES = 3
const WORKERS_BYTES = 16 * 1024 * 1024

export type Room = {
  textBytes: number
  limitBytes: number
  /** What the container uses now. */
  usedBytes(): Promise<number>
}

export class ReloadPacing {
  #times: number[] = []
  #lastMs: number

  /** @param startedMs before it nobody knows: as if there had been a reload just then. */
  constructor(startedMs: number) {
    this.#lastMs = startedMs
  }

  reloaded(now: number): void {
    this.#times = [...this.#recent(now), now]
    this.#lastMs = now
  }

  /** Milliseconds until there may be another; 0 when now. */
  async waitMs(now: number, room: Room): Promise<number> {
    const times = this.#recent(now)
    const beyond = times.length - FREE_RELOADS
    const gapMs = beyond < 0 ? 0 : Math.min(GAP.firstMs * 2 ** beyond, GAP.maxMs)
    const waitMs = (times.at(-1) ?? 0) + gapMs - now
    if (waitMs > 0) return waitMs
    const leftMs = this.#lastMs + OLD_WORKERS_MS - now
    if (leftMs <= 0 || (await fits(room))) return 0
    return Math.min(LOOK_AGAIN_MS, leftMs)
  }

  #recent(now: number): number[] {
    return this.#times.filter((at) => at > now - WINDOW_MS)
  }
}

const fits = async ({ textBytes, limitBytes, usedBytes }: Room): Promise<boolean> =>
  (await usedBytes()) + textBytes * READ_BYTES_PER_BYTE * COPIES + WORKERS_BYTES <= limitBytes

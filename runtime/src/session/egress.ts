/**
 * A runtime that has just been woken has no network yet: control joins it to its own right after (decision 0010). Who
 * reaches outside waits for a default route first.
 */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

export type Egress = {
  /** Settles when there is a way out, or none is to be expected: what is tried then says so itself. */
  ready(): Promise<void>
}

const TABLE = '/proc/net/route'
const WAIT_MS_MAX = 5_000
const LOOK_EVERY_MS = 20

type Look = { read?: () => Promise<string>; waitMsMax?: number }

export function createEgress({
  read = () => readFile(TABLE, 'utf8'),
  waitMsMax = WAIT_MS_MAX,
}: Look = {}): Egress {
  let waiting: Promise<void> | undefined
  return {
    // Once is enough: a network that was joined is not taken away from a runtime that runs.
    ready() {
      waiting ??= untilRouted(read, waitMsMax)
      return waiting
    },
  }
}

async function untilRouted(read: () => Promise<string>, waitMsMax: number): Promise<void> {
  const until = performance.now() + waitMsMax
  while (performance.now() < until) {
    // Another system has no such table, and no such wait either.
    const table = await read().catch(() => undefined)
    if (table === undefined || hasDefaultRoute(table)) return
    await pause(LOOK_EVERY_MS)
  }
}

/** As the kernel lists them: interface, destination, gateway, flags, in hexadecimal digits. */
export const hasDefaultRoute = (table: string): boolean =>
  table.split('\n').some((line) => line.split('\t')[1] === '00000000')

/**
 * How busy this process is, for whoever decides how many of it there should be. Nothing is measured until somebody
 * asks, and nothing any more when nobody has asked for a while: the timer that feels the delay would wake every idle
 * project fifty times a second.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { RuntimeLoad } from '@cascata/shared/runtime-load'

export type LoadMeter = {
  /** Since it was asked before; null when that is too long ago, or never was. */
  read(): RuntimeLoad | null
  close(): void
}

const RESOLUTION_MS = 20
const FORGET_AFTER_MS = 15_000

export function createLoadMeter(underWay: () => number): LoadMeter {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let before:
    | { at: number; loop: ReturnType<typeof performance.eventLoopUtilization>; cpuMs: number }
    | undefined
  let forget: NodeJS.Timeout | undefined
  const stop = () => {
    delay.disable()
    before = undefined
  }
  return {
    read() {
      const now = { at: performance.now(), loop: performance.eventLoopUtilization(), cpuMs: cpuMs() }
      const since = before
      // The histogram tells how far apart the timer's ticks were.
      const delayMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS)
      before = now
      delay.enable()
      delay.reset()
      clearTimeout(forget)
      forget = setTimeout(stop, FORGET_AFTER_MS)
      forget.unref()
      if (since === undefined) return null
      return {
        event_loop_delay_ms_p99: round(delayMs, 1),
        utilization: round(performance.eventLoopUtilization(now.loop, since.loop).utilization, 3),
        cpus: round((now.cpuMs - since.cpuMs) / (now.at - since.at), 3),
        under_way: underWay(),
      }
    },
    close() {
      clearTimeout(forget)
      stop()
    },
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

/** What happens to this instance's containers, as it happens. After a break the stream is opened again by itself. */
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type Docker from 'dockerode'
import type { EngineEvent } from '../engine.ts'
import { INSTANCE, isRole, PROJECT, ROLE } from './labels.ts'
import { linesOf } from './lines.ts'

const RECONNECT_MS_MIN = 200
const RECONNECT_MS_MAX = 5_000

export async function* events(
  docker: Docker,
  instance: string,
  signal: AbortSignal,
): AsyncIterable<EngineEvent> {
  let waitMs = RECONNECT_MS_MIN
  while (!signal.aborted) {
    try {
      for await (const line of lines(docker, instance, signal)) {
        waitMs = RECONNECT_MS_MIN
        const event = parseEvent(line)
        if (event) yield event
      }
    } catch {
      // The daemon restarts or is away: what was missed meanwhile, the next timed pass sees.
    }
    await sleep(waitMs, undefined, { signal }).catch(() => {})
    waitMs = Math.min(waitMs * 2, RECONNECT_MS_MAX)
  }
}

async function* lines(docker: Docker, instance: string, signal: AbortSignal): AsyncIterable<string> {
  const filters = {
    type: ['container' as const],
    label: [`${INSTANCE}=${instance}`],
    event: ['start', 'die', 'destroy', 'health_status'],
  }
  const stream = await docker.getEvents({ filters, abortSignal: signal })
  const stop = () => destroy(stream)
  signal.addEventListener('abort', stop, { once: true })
  try {
    yield* linesOf(stream as AsyncIterable<Buffer>)
  } finally {
    signal.removeEventListener('abort', stop)
    destroy(stream)
  }
}

const destroy = (stream: NodeJS.ReadableStream) => {
  if (stream instanceof Readable) stream.destroy()
}

type DaemonEvent = { Action?: string; Actor?: { Attributes?: Record<string, string> } }

const ACTIONS: Record<string, EngineEvent['action']> = {
  start: 'start',
  die: 'die',
  destroy: 'destroy',
  health_status: 'health',
}

export function parseEvent(line: string): EngineEvent | undefined {
  const event = parseJson(line)
  const labels = event?.Actor?.Attributes ?? {}
  // The action of a health event carries its outcome: `health_status: healthy`.
  const action = ACTIONS[event?.Action?.split(':')[0] ?? '']
  const role = labels[ROLE]
  if (!action || !isRole(role)) return undefined
  return { project: labels[PROJECT] ?? '', role, name: labels.name ?? '', action }
}

function parseJson(line: string): DaemonEvent | undefined {
  try {
    return JSON.parse(line) as DaemonEvent
  } catch {
    return undefined
  }
}

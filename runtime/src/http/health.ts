/** Is it alive, is it ready: for the edge, the reconciler and a healthcheck. It tells no stranger more than that. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '@cascata/shared/clock'
import {
  FORWARDED_FOR_HEADER,
  HEALTH_LIVE_PATH,
  HEALTH_LOAD_PATH,
  HEALTH_READY_PATH,
} from '@cascata/shared/http'
import type { RuntimeLoad } from '@cascata/shared/runtime-load'
import type { Readiness } from '../gate/readiness.ts'
import type { Database, Turn } from '../session/database.ts'
import type { Answer } from './service.ts'

export type Health = {
  isProbe(path: string): boolean
  /**
   * undefined when the path is no health path, or none for this caller. With `Prefer: wait=<seconds>` (RFC 7240, 4.3) a
   * start is waited for.
   */
  answer(path: string, headers: IncomingHttpHeaders): Promise<Answer> | undefined
}

const PROBE: Turn = {
  settings: [],
  main: { text: 'select 1', values: [] },
  readOnly: true,
  end: 'commit',
  timeoutMs: 2_000,
}

/** Nobody is kept longer, whatever was asked for. */
const WAIT_S_MAX = 30

/** A probe's answer holds this long: a busy prober costs the database nothing. */
const PROBE_EVERY_MS = 500

export function createHealth(input: {
  database: Pick<Database, 'run'>
  readiness: Readiness
  isDraining: () => boolean
  /** Which document is being served. */
  generation: () => number
  load: () => RuntimeLoad | null
  clock: Clock
}): Health {
  const { database, readiness, isDraining, clock } = input
  let probed = { at: Number.NEGATIVE_INFINITY, answers: Promise.resolve(false) }

  const databaseAnswers = (): Promise<boolean> => {
    if (clock.now() - probed.at >= PROBE_EVERY_MS) {
      const answers = database.run(PROBE).then(
        () => true,
        () => false,
      )
      probed = { at: clock.now(), answers }
    }
    return probed.answers
  }

  const state = async (): Promise<string> => {
    if (isDraining()) return 'draining'
    if (!readiness.isOpen()) return 'starting'
    return (await databaseAnswers()) ? 'ready' : 'database-unavailable'
  }

  return {
    isProbe: (path) => PROBES.has(path),
    answer(path, headers) {
      if (path === HEALTH_LIVE_PATH) return Promise.resolve(answerWith(200, { status: 'live' }))
      // How busy a project is, is nobody's business.
      if (path === HEALTH_LOAD_PATH && headers[FORWARDED_FOR_HEADER] === undefined)
        return Promise.resolve(answerWith(200, { load: input.load() }))
      if (path !== HEALTH_READY_PATH) return undefined
      const patienceMs = readiness.isOpen() ? 0 : waitMsOf(headers.prefer)
      const opened = patienceMs === 0 ? Promise.resolve(false) : readiness.wait(patienceMs)
      return opened
        .then(state)
        .then((status) =>
          answerWith(status === 'ready' ? 200 : 503, { status, generation: input.generation() }),
        )
    },
  }
}

const PROBES = new Set([HEALTH_LIVE_PATH, HEALTH_READY_PATH, HEALTH_LOAD_PATH])

function waitMsOf(prefer: string | string[] | undefined): number {
  const [, seconds = '0'] = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/i.exec(String(prefer ?? '')) ?? []
  return Math.min(Number(seconds), WAIT_S_MAX) * 1_000
}

const answerWith = (status: number, body: object): Answer => ({
  status,
  headers: [
    ['content-type', 'application/json'],
    ['cache-control', 'no-store'],
  ],
  body: JSON.stringify(body),
})

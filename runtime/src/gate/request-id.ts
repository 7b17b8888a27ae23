/** One id per request: the edge's when it looks like one, else our own. It stands in the answer and in every record. */
import { randomUUID } from 'node:crypto'

/** What the edge makes (32 hex digits) or a caller's UUID; nothing that could break a log line. */
const WELL_FORMED = /^[\w-]{8,64}$/

export const requestId = (given: string | string[] | undefined): string =>
  typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID()

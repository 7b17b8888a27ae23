/** What Postgres refused, as an answer: SQLSTATE to status, and the errors SQL raises to shape one itself. */
import { z } from 'zod'
import type { DatabaseUnavailable, PostgresError } from '../session/database.ts'
import { RestError } from './errors.ts'
import { isStatus, toHeaders } from './header-text.ts'

/** By whole code, else by its class (the first two characters). */
const STATUS: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
  '23503': 409,
  '23505': 409,
  '25006': 405,
  '25': 500,
  '28': 403,
  '2D': 500,
  '38': 500,
  '39': 500,
  '3B': 500,
  '40': 500,
  '53400': 500,
  '53': 503,
  '54': 500,
  '55': 500,
  '57P01': 503,
  '57': 500,
  '58': 500,
  F0: 500,
  HV: 500,
  P0001: 400,
  P0: 500,
  XX: 500,
  '42P01': 404,
  '42P17': 500,
}

function statusOf({ code, message }: PostgresError, anonymous: boolean): number {
  switch (code) {
    case '21000':
      // pg-safeupdate speaks of the request, anything else of a function or view.
      return message.endsWith('requires a WHERE clause') ? 400 : 500
    case '22023':
      return message.startsWith('role') && message.endsWith('does not exist') ? 401 : 400
    case '42883':
      return message.startsWith('function xmlagg(') ? 406 : 404
    case '42501':
      return anonymous ? 401 : 403
  }
  if (code.startsWith('PT')) return statusNumber(code.slice(2))
  return STATUS[code] ?? STATUS[code.slice(0, 2)] ?? 400
}

const statusNumber = (text: string): number =>
  /^\d{3}$/.test(text) && isStatus(Number(text)) ? Number(text) : 500

export function refusalToError(refused: PostgresError, anonymous: boolean): RestError {
  if (refused.code === 'PGRST') return raised(refused)
  const status = statusOf(refused, anonymous)
  return new RestError({
    code: refused.code,
    status,
    message: refused.message,
    details: refused.detail,
    hint: refused.hint,
    headers: status === 401 ? [['WWW-Authenticate', 'Bearer']] : [],
    ...(refused.code.startsWith('PT') ? { statusText: refused.message } : {}),
  })
}

const RaisedMessage = z.object({
  code: z.string(),
  message: z.string(),
  details: z.string().nullish(),
  hint: z.string().nullish(),
})

const RaisedDetail = z.object({
  status: z.int().refine(isStatus),
  status_text: z.string().nullish(),
  headers: z.record(z.string(), z.string()),
})

/** `raise sqlstate 'PGRST'` with JSON in its message and detail chooses the whole answer. */
function raised({ message, detail }: PostgresError): RestError {
  const body = parse(RaisedMessage, message)
  if (body === null) {
    return unparsed(
      `Invalid JSON value for MESSAGE: '${message}'`,
      "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: " +
        "'details', 'hint'.",
    )
  }
  const answer = detail === null ? null : parse(RaisedDetail, detail)
  const headers = answer && toHeaders(Object.entries(answer.headers))
  if (answer === null || headers === null) {
    return unparsed(
      detail === null
        ? 'DETAIL is missing in the RAISE statement'
        : `Invalid JSON value for DETAIL: '${detail}'`,
      "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: " +
        "'status_text'.",
    )
  }
  return new RestError({
    ...body,
    status: answer.status,
    statusText: answer.status_text ?? undefined,
    headers,
  })
}

function parse<T>(shape: z.ZodType<T>, text: string): T | null {
  try {
    return shape.parse(JSON.parse(text))
  } catch {
    return null
  }
}

const unparsed = (details: string, hint: string) =>
  new RestError({
    code: 'PGRST121',
    status: 500,
    message: 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error',
    details,
    hint,
  })

export function unavailableToError({ kind }: DatabaseUnavailable): RestError {
  if (kind === 'queue') {
    return new RestError({
      code: 'PGRST003',
      status: 504,
      message: 'Timed out acquiring connection from connection pool.',
    })
  }
  return kind === 'lost'
    ? new RestError({
        code: 'PGRST001',
        status: 503,
        message: 'Database client error. Retrying the connection.',
      })
    : new RestError({
        code: 'PGRST000',
        status: 503,
        message: 'Database connection error. Retrying the connection.',
      })
}

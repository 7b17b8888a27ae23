/** How the cases are asked of a server. Each server has its words; what comes back must say the same. */
import type { IncomingHttpHeaders } from 'node:http'
import { type CaseName, EVENT, EVENTS } from './cases.ts'

export type Ask = {
  path: (value: number) => string
  headers?: Record<string, string>
  /** Makes it a POST. */
  body?: string
  /** What an answer says in the columns of the case's SQL; the whole of it is the first when absent. */
  columns?: (answer: unknown, headers: IncomingHttpHeaders) => unknown[]
}

/** What a server cannot do is absent. */
export type Dialect = Partial<Record<CaseName, Ask>>

const json = { 'Content-Type': 'application/json' }

export const REST: Dialect = {
  single: { path: (id) => `/rest/v1/notes?select=id,topic,body&id=eq.${id}` },
  ten: { path: (topic) => `/rest/v1/notes?select=id,topic,body&topic=eq.${topic}&order=id` },
  embed: { path: (id) => `/rest/v1/parents?select=id,name,children(id,body)&id=eq.${id}` },
  insert: { path: () => '/rest/v1/events', headers: json, body: EVENT },
  bulk: { path: () => '/rest/v1/events', headers: json, body: EVENTS },
  rpc: { path: (topic) => `/rest/v1/rpc/topic_size?topic=${topic}` },
  count: {
    path: (topic) => `/rest/v1/notes?select=id,topic,body&topic=eq.${topic}&order=id&limit=5`,
    headers: { Prefer: 'count=exact' },
    columns: (rows, headers) => [rows, headers['content-range']?.split('/')[1]],
  },
}

export const FIXED: Dialect = {
  single: { path: (id) => `/single/${id}` },
  ten: { path: (topic) => `/ten/${topic}` },
  embed: { path: (id) => `/embed/${id}` },
}

export const NAIVE: Dialect = {
  ...FIXED,
  insert: { path: () => '/insert', headers: json, body: EVENT },
  bulk: { path: () => '/insert', headers: json, body: EVENTS },
  rpc: { path: (topic) => `/rpc/${topic}` },
  count: {
    path: (topic) => `/count/${topic}`,
    columns: (answer) => {
      const { rows, total } = answer as { rows: unknown; total: number }
      return [rows, String(total)]
    },
  },
}

/** The control API through the edge, as its owner; a control that is away is an answer like any other. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Instance } from './instance.ts'
import { localFetch } from './local-fetch.ts'

export type ApiRequest = {
  method: 'GET' | 'POST' | 'DELETE' | 'PATCH'
  path: string
  json?: unknown
  bytes?: Buffer
  /** `Idempotency-Key`. */
  key?: string
  ifMatch?: string
}

export type ApiAnswer = { status: number; body: unknown }

export type ControlApi = {
  /** Any status; 502 when the connection breaks. */
  ask(request: ApiRequest): Promise<ApiAnswer>
  /** @throws for an answer that is no success. */
  get<Shape extends z.ZodType>(shape: Shape, path: string): Promise<z.infer<Shape>>
  /** Of what is there now. */
  etag(path: string): Promise<string>
  /** A GET of a project's own API. */
  project(ref: string, path: string, apikey: string): Promise<ApiAnswer>
}

const Profile = z.object({ control_url: z.string(), token: z.string() })

export async function controlApi({ profile, httpPort }: Instance): Promise<ControlApi> {
  const { control_url, token } = Profile.parse(JSON.parse(await readFile(profile, 'utf8')))
  const fetch = localFetch(httpPort)
  const send = async (url: string, init: RequestInit): Promise<ApiAnswer> => {
    try {
      const answer = await fetch(url, init)
      return { status: answer.status, body: parsed(await answer.text()) }
    } catch (error) {
      return { status: 502, body: String(error) }
    }
  }
  const ask = ({ method, path, json, bytes, key, ifMatch }: ApiRequest) => {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    if (key !== undefined) headers['idempotency-key'] = key
    if (ifMatch !== undefined) headers['if-match'] = ifMatch
    if (json !== undefined) headers['content-type'] = 'application/json'
    if (bytes !== undefined) headers['content-type'] = 'application/octet-stream'
    const body = bytes ? new Uint8Array(bytes) : json === undefined ? undefined : JSON.stringify(json)
    return send(`${control_url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  }
  return {
    ask,
    async get(shape, path) {
      const { status, body } = await ask({ method: 'GET', path })
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
      return shape.parse(body)
    },
    async etag(path) {
      const answer = await fetch(`${control_url}${path}`, { headers: { authorization: `Bearer ${token}` } })
      return answer.headers.get('etag') ?? ''
    },
    project: (ref, path, apikey) =>
      send(`http://${ref}.localhost:${httpPort}${path}`, { method: 'GET', headers: { apikey } }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

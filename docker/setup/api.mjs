/** The few calls of the control API and of a project that the set-up makes. All paths and shapes it knows are here. */
import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { hostAt } from './bind.mjs'
import { config } from './config.mjs'

const REQUEST_TIMEOUT_MS = 15_000
const OPERATION_TIMEOUT_MS = 180_000

/** An answer that is no success. */
export class ApiFailed extends Error {
  name = 'ApiFailed'

  constructor(what, status, body) {
    super(
      `${what} answered ${status}: ${typeof body === 'string' ? body.slice(0, 400) : (body?.detail ?? JSON.stringify(body))}`,
    )
    this.status = status
    this.code = body?.code
  }
}

/** Where the edge answers on this machine; `*.localhost` need not resolve. */
const edge = { host: hostAt(config.bind), port: config.httpPort }
const agent = new Agent({ keepAlive: false })
const withPort = (host) => (config.httpPort === 80 ? host : `${host}:${config.httpPort}`)

/** One request through the edge. Resolves to `{status, headers, body}`, `body` parsed when it is JSON. */
export const ask = ({ method = 'GET', host = config.domain, path, headers = {}, body }) =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const sent = { host: withPort(host), accept: 'application/json', ...headers }
    if (text !== undefined)
      Object.assign(sent, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    const asked = request(
      { ...edge, agent, method, path, headers: sent, timeout: REQUEST_TIMEOUT_MS },
      (response) => {
        let said = ''
        response.setEncoding('utf8').on('data', (part) => {
          said += part
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: parsed(said) }),
        )
      },
    )
    asked.on('timeout', () =>
      asked.destroy(new Error(`${method} ${path}: no answer within ${REQUEST_TIMEOUT_MS} ms`)),
    )
    asked.on('error', reject).end(text)
  })

const parsed = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The control API under a token; a failure is `ApiFailed`. */
export function controlApi(token) {
  const call = async (method, path, { body, key, accept404 = false } = {}) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    if (key) headers['idempotency-key'] = key
    const answer = await ask({ method, path, headers, body })
    if (answer.status >= 400 && !(accept404 && answer.status === 404)) {
      throw new ApiFailed(`${method} ${path}`, answer.status, answer.body)
    }
    return answer
  }
  return {
    claim: async (oneTime, key) =>
      (await call('POST', '/v1/claim', { body: { token: oneTime }, key })).body.token,
    newClaim: async (key) => (await call('POST', '/v1/claims', { body: {}, key })).body.link,
    status: async () => (await call('GET', '/v1/status')).body,
    findProject: async (ref) => {
      const { status, body } = await call('GET', `/v1/projects/${ref}`, { accept404: true })
      return status === 404 ? undefined : body
    },
    projectKeys: async (ref) => (await call('GET', `/v1/projects/${ref}/keys`)).body,
    /** Resolves to the path of its operation. */
    createProject: async (project, key) =>
      operationPath((await call('POST', '/v1/projects', { body: project, key })).headers.location),
    /** Resolves when the operation succeeded; `report` sees its steps. */
    finish: async (path, report) => {
      const until = performance.now() + OPERATION_TIMEOUT_MS
      for (;;) {
        const { body } = await call('GET', path)
        if (body.status === 'succeeded') return body
        if (body.status === 'failed')
          throw new Error(`${body.kind} of ${body.ref} failed: ${body.problem?.detail ?? ''}`)
        if (performance.now() > until) throw new Error(`${body.kind} of ${body.ref} did not end in time.`)
        report(body.steps?.at(-1)?.name ?? body.status)
        await wait(50)
      }
    },
  }
}

/** `Location` may be absolute. */
const operationPath = (location) => {
  if (!location) throw new Error('The control API named no operation for the new project.')
  return new URL(location, 'http://localhost').pathname
}

/** A read of a project's REST API with a key, or as a stranger without one. */
export const askProject = (ref, path, key) =>
  ask({
    host: `${ref}.${config.domain}`,
    path,
    headers: key ? { apikey: key, authorization: `Bearer ${key}` } : {},
  })

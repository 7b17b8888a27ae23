/**
 * Builds the parts of a runtime in order, and takes them down in the other. What talks to Postgres and which
 * services there are is told by `main.ts`; here is only when each begins and ends.
 */

import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '@cascata/shared/clock'
import type { ProjectDocument } from '@cascata/shared/project-document'
import { activityIn } from './activity-file.ts'
import type { Config } from './config.ts'
import { createAdmission } from './gate/admission.ts'
import { REQUESTS_AT_ONCE_MAX } from './gate/limits.ts'
import type { Logger } from './gate/logger.ts'
import { createReadiness } from './gate/readiness.ts'
import { createApp } from './http/app.ts'
import { listen } from './http/door.ts'
import { createHealth } from './http/health.ts'
import { createLoadMeter } from './http/load.ts'
import { createHttpServer, drain } from './http/server.ts'
import type { Service } from './http/service.ts'
import { createIdentify, type Identify, type IdentifySettings } from './session/claims.ts'
import type { Database } from './session/database.ts'
import { createPool } from './session/pool.ts'
import { fixedProject, type Project, watchProject } from './session/project.ts'
import { parseRolePath } from './session/role-path.ts'
import type { SigningSecret } from './session/signing-keys.ts'
import { readSecret } from './standalone/secret.ts'

/** A service with a beginning and an end. */
export type Part = Service & {
  /** Settles when it can answer. It tries for as long as it takes; a rejection ends the process. */
  start(): Promise<void>
  close(): Promise<void>
}

export type ServiceDeps = { database: Database; project: Project; logger: Logger; clock: Clock }

export type Parts = {
  openDatabase(document: ProjectDocument): Database
  createServices(deps: ServiceDeps): Part[]
}

export type Runtime = {
  /** What it listens on: a path, or an address with its port. */
  address: string | AddressInfo | null
  /** Settles when requests are no longer held. */
  started: Promise<void>
  /** @returns whether every request under way ended by itself. */
  stop(): Promise<boolean>
}

/** A request under way may take this long once the end has begun. */
const DRAIN_MS = 25_000

/** What is left for the parts after that. Docker's own patience is set above the sum (30 s). */
const CLOSE_MS = 3_000

export async function startRuntime(input: {
  config: Config
  parts: Parts
  logger: Logger
  clock?: Clock
  drainMs?: number
}): Promise<Runtime> {
  const { config, parts, logger, clock = systemClock } = input
  for (const key of config.ignored) logger.warn({ key }, 'setting has no effect here')
  const project = await openProject(config, logger)
  const database = createPool(project, {
    open: parts.openDatabase,
    onError: (err) => logger.error({ err }, 'database changeover failed'),
  })
  const services = parts.createServices({ database, project, logger, clock })
  const readiness = createReadiness()
  const admission = createAdmission(REQUESTS_AT_ONCE_MAX)
  const activity = activityIn(config.listen)
  let isDraining = false

  const generation = () => project.current().generation
  const meter = createLoadMeter(() => admission.underWay())
  const health = createHealth({
    ...{ database, readiness, isDraining: () => isDraining, generation, clock },
    load: () => meter.read(),
  })
  const identify = liveIdentify(project, config, clock)
  const draining = () => isDraining
  const app = createApp({
    services,
    project,
    identify,
    admission,
    activity,
    readiness,
    health,
    isDraining: draining,
    logger,
  })
  const http = createHttpServer({ app, activity, logger })
  project.subscribe(() => void http.recheckSockets())

  // Listening begins before the services can answer: what comes early is held, not refused.
  const started = Promise.all(services.map((service) => service.start())).then(() => {
    readiness.open()
    logger.info({ generation: generation() }, 'ready')
  })
  const door = await listen(http.server, config.listen)
  logger.info({ listen: config.listen, generation: generation() }, 'listening')

  return {
    address: 'socket' in config.listen ? config.listen.socket : http.server.address(),
    started,
    async stop() {
      isDraining = true
      logger.info({ underWay: admission.underWay() }, 'draining')
      const clean = await drain(http, { door, deadlineMs: input.drainMs ?? DRAIN_MS })
      activity.close()
      const closing = admission
        .idle()
        .then(() => Promise.all(services.map((service) => service.close())))
        .then(() => database.close())
      const closed = await within(closing, CLOSE_MS)
      project.close()
      meter.close()
      logger.info({ clean, closed }, 'stopped')
      return clean && closed
    },
  }
}

async function openProject({ source }: Config, logger: Logger): Promise<Project> {
  if ('document' in source) return fixedProject(source.document)
  const project = await watchProject({
    file: source.file,
    onBroken: (reason) => logger.error({ reason }, 'project document refused, the last good one stays'),
  })
  project.subscribe(({ generation }) => logger.info({ generation }, 'project document applied'))
  return project
}

/** Follows the document. What tokens depend on is made anew only when it changed: else known tokens stay known. */
function liveIdentify(project: Project, config: Config, clock: Clock): Identify {
  const settingsOf = (document: ProjectDocument): IdentifySettings => ({
    jwtSecret: 'jwtSecret' in config.source ? secretOf(project, config.source.jwtSecret) : keysOf(document),
    jwtAudience: document.rest.jwtAudience,
    rolePath: parseRolePath(document.rest.roleClaimKey) ?? ['role'],
    anonRole: document.rest.anonRole,
    keys: 'document' in config.source ? null : document.keys,
    ...('document' in config.source ? {} : { authIssuer: issuerOf(document) }),
  })
  let settings = settingsOf(project.current())
  let identify = createIdentify(settings, clock)
  project.subscribe((next) => {
    const wanted = settingsOf(next)
    if (JSON.stringify(wanted) === JSON.stringify(settings)) return
    settings = wanted
    identify = createIdentify(settings, clock)
  })
  return (headers) => identify(headers)
}

const issuerOf = ({ auth, url }: ProjectDocument): string => auth.jwt.issuer ?? `${url}/auth/v1`

/** Keys of its own sign users' tokens; the secret goes on checking those it signed, and the API keys. */
function keysOf({ jwtSecret, auth }: ProjectDocument): SigningSecret {
  if (auth.jwt.keys.length === 0) return jwtSecret
  const secret = { kty: 'oct', alg: 'HS256', k: Buffer.from(jwtSecret).toString('base64url') }
  return JSON.stringify({ keys: [...auth.jwt.keys, secret] })
}

/** A runtime by itself takes a secret from the database too; a project's is control's to give. */
function secretOf(project: Project, configured: SigningSecret): SigningSecret {
  const { jwt_secret: stored, jwt_secret_is_base64: isBase64 = 'false' } = project.amendments()
  if (stored === undefined) return configured
  try {
    return readSecret(stored, isBase64)
  } catch {
    // What cannot be is left out, as of every setting in the database.
    return configured
  }
}

/** @returns whether the work ended in time and well. */
async function within(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const late = Promise.withResolvers<false>()
  const timer = setTimeout(() => late.resolve(false), timeoutMs)
  const done = work.then(
    () => true,
    () => false,
  )
  return Promise.race([done, late.promise]).finally(() => clearTimeout(timer))
}

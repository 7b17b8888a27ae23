/** From a socket to a session that takes queries: the startup packet, authentication, the first ReadyForQuery. */
import { createHash, randomBytes } from 'node:crypto'
import {
  AuthenticationMD5Password,
  BackendKeyDataMessage,
  type BackendMessage,
} from 'pg-protocol/dist/messages.js'
import { serialize } from 'pg-protocol/dist/serializer.js'
import { Channel } from './channel.ts'
import { Code, decode, errorOf } from './codec.ts'
import type { DatabaseOptions, WireLimits } from './limits.ts'
import { SCRAM_MECHANISM, type ScramExchange, scramExchange } from './scram.ts'

/** Postgres looks this often whether its client still lives while a statement runs. */
const CLIENT_CHECK = '5s'

export type Session = { channel: Channel; processId: number; secretKey: number }

/** @throws PostgresError when Postgres refuses, else the socket's error. */
export async function openSession(options: DatabaseOptions, limits: WireLimits): Promise<Session> {
  const channel = await Channel.open(options, {
    timeoutMs: limits.connectTimeoutMs,
    frameBytesMax: limits.resultBytesMax,
  })
  const timer = setTimeout(
    () => channel.destroy(new Error('The session was not ready in time.')),
    limits.connectTimeoutMs,
  )
  try {
    return await authenticate(channel, options)
  } catch (error) {
    channel.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function authenticate(channel: Channel, options: DatabaseOptions): Promise<Session> {
  const login = new Login(channel, options)
  return new Promise((resolve, reject) => {
    const session: Session = { channel, processId: 0, secretKey: 0 }
    channel.receive({
      onFrame(code, chunk, start, end) {
        const frame = chunk.subarray(start - 5, end)
        if (code === Code.ready) resolve(session)
        else if (code === Code.error) reject(errorOf(frame))
        else if (code === Code.authentication) login.step(decode(frame)).catch(reject)
        else if (code === Code.backendKey) keep(session, decode(frame))
      },
      onOversize: () => reject(new Error('Postgres sent an impossible frame while starting.')),
      onClosed: (error) => reject(error ?? new Error('Postgres closed the connection while starting.')),
    })
    channel.write(serialize.startup(parametersOf(options)))
  })
}

function keep(session: Session, message: BackendMessage): void {
  if (!(message instanceof BackendKeyDataMessage)) return
  session.processId = message.processID
  session.secretKey = message.secretKey
}

/** What each turn starts from, and what RESET ALL goes back to. */
function parametersOf(options: DatabaseOptions): Record<string, string> {
  return {
    user: options.user,
    database: options.database,
    application_name: options.applicationName ?? 'cascata',
    // Nobody reads notices, so they need not cross the socket.
    client_min_messages: 'error',
    client_connection_check_interval: CLIENT_CHECK,
    ...(options.forceGenericPlan ? { plan_cache_mode: 'force_generic_plan' } : {}),
    ...options.session,
  }
}

/** pg-protocol's types do not name what the SASL messages carry. */
type SaslMessage = BackendMessage & { mechanisms?: string[]; data?: string }

class Login {
  readonly #channel: Channel
  readonly #options: DatabaseOptions
  #scram: ScramExchange | undefined

  constructor(channel: Channel, options: DatabaseOptions) {
    this.#channel = channel
    this.#options = options
  }

  async step(message: SaslMessage): Promise<void> {
    const { user, password } = this.#options
    if (message instanceof AuthenticationMD5Password) {
      const inner = md5(password + user)
      return this.#channel.write(
        serialize.password(`md5${md5(Buffer.concat([Buffer.from(inner), message.salt]))}`),
      )
    }
    switch (message.name) {
      case 'authenticationCleartextPassword':
        return this.#channel.write(serialize.password(password))
      case 'authenticationSASL':
        if (!message.mechanisms?.includes(SCRAM_MECHANISM)) throw new Error('No common SASL mechanism.')
        // Postgres takes the user of the startup packet and ignores the one of SCRAM.
        this.#scram = scramExchange('', password, randomBytes(18).toString('base64'))
        return this.#channel.write(
          serialize.sendSASLInitialResponseMessage(SCRAM_MECHANISM, this.#scram.first),
        )
      case 'authenticationSASLContinue':
        return this.#channel.write(
          serialize.sendSCRAMClientFinalMessage(await this.#exchange.answer(message.data ?? '')),
        )
      case 'authenticationSASLFinal':
        return this.#exchange.verify(message.data ?? '')
    }
  }

  get #exchange(): ScramExchange {
    if (!this.#scram) throw new Error('Postgres continues an exchange that has not begun.')
    return this.#scram
  }
}

const md5 = (bytes: string | Buffer) => createHash('md5').update(bytes).digest('hex')

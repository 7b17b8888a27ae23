/** LISTEN on a connection of its own, which comes back after every loss and tells its listeners that it was away. */
import { setTimeout as pause } from 'node:timers/promises'
import { NotificationResponseMessage } from 'pg-protocol/dist/messages.js'
import { backoff } from './backoff.ts'
import { Code, decode, errorOf } from './codec.ts'
import { unreachable } from './job.ts'
import type { DatabaseOptions, WireLimits } from './limits.ts'
import { openSession, type Session } from './startup.ts'
import { FrameWriter } from './writer.ts'

type Subscriber = {
  channel: string
  onNotify: (payload: string | null) => void
  ready: PromiseWithResolvers<void>
  /** Postgres has confirmed it once: from then on a new connection means that something may have been missed. */
  isHeard: boolean
}

export class Listener {
  readonly #options: DatabaseOptions
  readonly #limits: WireLimits
  readonly #subscribers = new Set<Subscriber>()
  readonly #stop = new AbortController()
  #session: Session | undefined
  /** Each simple query gets one ReadyForQuery, in order. */
  #asked: PromiseWithResolvers<void>[] = []
  #running: Promise<void> | undefined

  constructor(options: DatabaseOptions, limits: WireLimits) {
    this.#options = options
    this.#limits = limits
  }

  /** Resolves when Postgres has confirmed; waits while Postgres is away. */
  async listen(
    channel: string,
    onNotify: (payload: string | null) => void,
  ): Promise<{ close(): Promise<void> }> {
    if (this.#stop.signal.aborted) throw unreachable('The database connection is closed.')
    const subscriber: Subscriber = { channel, onNotify, ready: Promise.withResolvers(), isHeard: false }
    this.#subscribers.add(subscriber)
    // Should the connection go before it answers, the next one asks again.
    if (this.#session) this.#query(`listen ${quote(channel)}`).then(() => hear(subscriber), ignore)
    else this.#running ??= this.#run()
    await subscriber.ready.promise
    return { close: () => this.#leave(subscriber) }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    for (const { ready } of this.#subscribers) ready.reject(unreachable('The database connection is closed.'))
    this.#subscribers.clear()
    this.#session?.channel.destroy()
    await this.#running
  }

  async #leave(subscriber: Subscriber): Promise<void> {
    if (!this.#subscribers.delete(subscriber) || !this.#session) return
    if (this.#subscribers.size === 0) return this.#session.channel.destroy()
    if ([...this.#subscribers].some(({ channel }) => channel === subscriber.channel)) return
    await this.#query(`unlisten ${quote(subscriber.channel)}`).catch(ignore)
  }

  async #run(): Promise<void> {
    let failures = 0
    while (this.#subscribers.size > 0) {
      try {
        await this.#serve()
        failures = 0
      } catch (error) {
        const retryInMs = backoff(failures++, this.#limits)
        this.#options.onEvent?.({ event: 'connect-failed', error: asError(error), retryInMs })
        await pause(retryInMs, undefined, { signal: this.#stop.signal }).catch(ignore)
      }
    }
    this.#running = undefined
  }

  /** One connection from its opening to its end. */
  async #serve(): Promise<void> {
    const session = await openSession(this.#options, this.#limits)
    if (this.#subscribers.size === 0) return session.channel.destroy()
    const lost = this.#receive(session)
    const served = [...this.#subscribers]
    const asked = new Set(served.map(({ channel }) => channel))
    await Promise.all([...asked].map((channel) => this.#query(`listen ${quote(channel)}`)))
    for (const subscriber of served) {
      if (subscriber.isHeard) this.#notify(subscriber, null)
      else hear(subscriber)
    }
    await lost
  }

  #receive(session: Session): Promise<void> {
    const lost = Promise.withResolvers<void>()
    this.#session = session
    session.channel.receive({
      onFrame: (code, chunk, start, end) => {
        const frame = chunk.subarray(start - 5, end)
        if (code === Code.notification) this.#onNotification(frame)
        else if (code === Code.ready) this.#asked.shift()?.resolve()
        else if (code === Code.error) session.channel.destroy(errorOf(frame))
      },
      onOversize: () => session.channel.destroy(),
      onClosed: (error) => {
        this.#session = undefined
        for (const asked of this.#asked.splice(0))
          asked.reject(error ?? unreachable('The connection was lost.'))
        lost.resolve()
      },
    })
    return lost.promise
  }

  #query(text: string): Promise<void> {
    const asked = Promise.withResolvers<void>()
    if (!this.#session) return Promise.reject(unreachable('The connection was lost.'))
    const writer = new FrameWriter()
    writer.query(text)
    this.#asked.push(asked)
    this.#session.channel.write(writer.take())
    return asked.promise
  }

  #onNotification(frame: Buffer): void {
    const message = decode(frame)
    if (!(message instanceof NotificationResponseMessage)) return
    for (const subscriber of this.#subscribers) {
      if (subscriber.channel === message.channel) this.#notify(subscriber, message.payload)
    }
  }

  #notify(subscriber: Subscriber, payload: string | null): void {
    try {
      subscriber.onNotify(payload)
    } catch (error) {
      this.#options.onEvent?.({
        event: 'listener-failed',
        channel: subscriber.channel,
        error: asError(error),
      })
    }
  }
}

function hear(subscriber: Subscriber): void {
  subscriber.isHeard = true
  subscriber.ready.resolve()
}

const quote = (channel: string) => `"${channel.replaceAll('"', '""')}"`
const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)))
const ignore = () => {}

/**
 * One connection as long as everything on it is plain. The first request that is not goes to node:http, and the
 * connection with it, for good.
 */
import type { Socket } from 'node:net'
import { BodyTooLarge } from '@cascata/shared/problems/bounds'
import { leaving } from '../../gate/caller.ts'
import type { App, Exchange } from '../app.ts'
import { writeAnswer } from './answer.ts'
import type { Heads } from './heads.ts'
import { type PlainRequest, readPlain } from './request.ts'

export type PlainOptions = {
  app: App
  heads: Heads
  keepAliveMs: number
  /** Gives the connection to node:http, which reads on where we have stopped. */
  handOver(socket: Socket): void
  onClosed(connection: PlainConnection): void
}

export class PlainConnection {
  readonly #socket: Socket
  readonly #options: PlainOptions
  readonly #gone: AbortSignal
  /** The request that is being answered. */
  #current: Exchange | undefined
  /** What came before it was answered. */
  #early: Buffer | undefined

  constructor(socket: Socket, options: PlainOptions) {
    this.#socket = socket
    this.#options = options
    this.#gone = leaving(socket)
    socket
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('error', this.#onError)
      .on('close', this.#onClose)
      .on('timeout', this.#onTimeout)
      .setTimeout(options.keepAliveMs)
  }

  closeIfIdle(): void {
    if (this.#current === undefined) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#current !== undefined) {
      this.#early = this.#early === undefined ? chunk : Buffer.concat([this.#early, chunk])
      this.#socket.pause()
      return
    }
    const request = readPlain(chunk, this.#options.heads)
    if (request === null) this.#handOver(chunk)
    else void this.#answer(request)
  }

  /** Who has said all and hears no more has left; node:http takes it so, too. */
  readonly #onEnd = (): void => {
    this.#socket.end()
  }

  readonly #onError = (): void => {}

  readonly #onTimeout = (): void => {
    this.closeIfIdle()
  }

  readonly #onClose = (): void => {
    const { app, onClosed } = this.#options
    if (this.#current !== undefined) app.record(this.#current, { status: 0, bytes: 0, aborted: true })
    this.#current = undefined
    onClosed(this)
  }

  async #answer({ method, url, headers, headersText, body }: PlainRequest): Promise<void> {
    const { app, keepAliveMs } = this.#options
    const exchange = app.begin({
      method,
      url,
      headers,
      headersText,
      gone: this.#gone,
      body({ bytesMax }) {
        if (body !== null && body.length > bytesMax) throw BodyTooLarge(bytesMax)
        return body
      },
    })
    this.#current = exchange
    const reply = await app.answer(exchange)
    if (this.#current !== exchange) return
    if (reply === undefined) {
      this.#socket.destroy()
      return
    }
    const { answer, common, close } = reply
    const bytes = writeAnswer(this.#socket, answer, { method, common, close, keepAliveMs })
    this.#current = undefined
    app.record(exchange, { status: answer.status, bytes, aborted: false })
    if (close) this.#socket.end()
    else if (this.#socket.writableNeedDrain) this.#waitForReader()
    else this.#readOn()
  }

  #readOn(): void {
    const early = this.#early
    if (early === undefined) return
    this.#early = undefined
    this.#socket.resume()
    this.#onData(early)
  }

  /** Whoever does not read its answers gets no more of them: they would pile up here. */
  #waitForReader(): void {
    this.#socket.pause().once('drain', () => {
      this.#socket.resume()
      this.#readOn()
    })
  }

  #handOver(chunk: Buffer): void {
    const { handOver, onClosed } = this.#options
    this.#socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('error', this.#onError)
      .off('close', this.#onClose)
      .off('timeout', this.#onTimeout)
      .setTimeout(0)
    onClosed(this)
    handOver(this.#socket)
    this.#socket.unshift(chunk)
  }
}

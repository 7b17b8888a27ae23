/** A socket to Postgres that speaks in frames. It knows nothing of what they mean. */
import { connect, type Socket } from 'node:net'
import { type FrameSink, FrameSplitter } from './splitter.ts'

export type Receiver = FrameSink & {
  /** Once, whatever the reason. Nothing is received after it. */
  onClosed(error: Error | undefined): void
}

export type Address = { host: string; port: number }

export class Channel {
  readonly #socket: Socket
  #receiver: Receiver | undefined
  #error: Error | undefined
  #closed = false

  constructor(socket: Socket, frameBytesMax: number) {
    this.#socket = socket
    const splitter = new FrameSplitter(frameBytesMax, {
      onFrame: (code, chunk, start, end) => {
        if (!this.#closed) this.#receiver?.onFrame(code, chunk, start, end)
      },
      onOversize: (code, bytes) => this.#receiver?.onOversize(code, bytes),
    })
    socket.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk)
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
    socket.on('error', (error) => {
      this.#error ??= error
    })
    socket.on('close', () => this.#close())
  }

  /** Who reads from now on. Told at once when there is nothing more to read. */
  receive(receiver: Receiver): void {
    this.#receiver = receiver
    if (this.#closed) receiver.onClosed(this.#error)
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Bytes that wait for Postgres to read them. */
  get backlogBytes(): number {
    return this.#socket.writableLength
  }

  write(bytes: Uint8Array): void {
    if (!this.#closed) this.#socket.write(bytes)
  }

  /** Sends a last message and lets the other side close. */
  end(bytes: Uint8Array): void {
    if (!this.#closed) this.#socket.end(bytes)
  }

  destroy(error?: Error): void {
    this.#error ??= error
    this.#socket.destroy()
    this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#receiver?.onClosed(this.#error)
  }
}

/** @throws the socket's error, or when nobody answered in time. */
export function openSocket(address: Address, timeoutMs: number): Promise<Socket> {
  const { host, port } = address
  const socket = host.startsWith('/')
    ? connect(`${host}/.s.PGSQL.${port}`)
    : connect({ host, port, noDelay: true })
  socket.setKeepAlive(true, 30_000)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`No answer in ${timeoutMs} ms.`)), timeoutMs)
    const refuse = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    socket.once('error', refuse)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', refuse)
      resolve(socket)
    })
  })
}

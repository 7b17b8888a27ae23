/** A socket to Postgres that speaks in frames. It knows nothing of what they mean. */
import { connect, type OnReadOpts, type Socket } from 'node:net'
import { ReadSlab } from './slab.ts'
import { type FrameSink, FrameSplitter } from './splitter.ts'

export type Receiver = FrameSink & {
  /** Once, whatever the reason. Nothing is received after it. */
  onClosed(error: Error | undefined): void
}

export type Address = { host: string; port: number }

const SLAB_BYTES = 64 * 1024
const READ_BYTES_MIN = 16 * 1024

export class Channel {
  readonly #splitter: FrameSplitter
  #socket: Socket | undefined
  #receiver: Receiver | undefined
  #error: Error | undefined
  #closed = false

  /** @throws the socket's error, or when nobody answered in time. */
  static async open(
    address: Address,
    limits: { timeoutMs: number; frameBytesMax: number },
  ): Promise<Channel> {
    const channel = new Channel(limits.frameBytesMax)
    const slab = new ReadSlab(SLAB_BYTES, READ_BYTES_MIN)
    const onread: OnReadOpts = {
      buffer: () => slab.free(),
      callback: (count) => {
        channel.#push(slab.take(count))
        return true
      },
    }
    channel.#attach(await openSocket(address, limits.timeoutMs, onread))
    return channel
  }

  private constructor(frameBytesMax: number) {
    this.#splitter = new FrameSplitter(frameBytesMax, {
      onFrame: (code, chunk, start, end) => {
        if (!this.#closed) this.#receiver?.onFrame(code, chunk, start, end)
      },
      onOversize: (code, bytes) => this.#receiver?.onOversize(code, bytes),
    })
  }

  #attach(socket: Socket): void {
    this.#socket = socket
    socket.on('error', (error) => {
      this.#error ??= error
    })
    socket.on('close', () => this.#close())
  }

  #push(chunk: Buffer): void {
    try {
      this.#splitter.push(chunk)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    }
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
    return this.#socket?.writableLength ?? 0
  }

  write(bytes: Uint8Array): void {
    if (!this.#closed) this.#socket?.write(bytes)
  }

  /** Sends a last message and lets the other side close. */
  end(bytes: Uint8Array): void {
    if (!this.#closed) this.#socket?.end(bytes)
  }

  destroy(error?: Error): void {
    this.#error ??= error
    this.#socket?.destroy()
    this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#receiver?.onClosed(this.#error)
  }
}

/** @throws the socket's error, or when nobody answered in time. */
export function openSocket(address: Address, timeoutMs: number, onread?: OnReadOpts): Promise<Socket> {
  const { host, port } = address
  const reading = onread === undefined ? {} : { onread }
  const socket = host.startsWith('/')
    ? connect({ path: `${host}/.s.PGSQL.${port}`, ...reading })
    : connect({ host, port, noDelay: true, ...reading })
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

/**
 * Heads of requests, read once: whoever asks again mostly sends the very same bytes, but for the id that the edge gives
 * each request.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { REQUEST_ID_HEADER } from '@cascata/shared/http'
import { readHeaders } from './headers.ts'

export type Head = {
  headers: IncomingHttpHeaders
  /** The same as JSON, where it is known. */
  text: string | undefined
}

/** As the edge writes it. */
const ID_LINE = '\r\nX-Request-Id: '
/** What JSON says as it stands. */
const PLAIN_ID = /^[\w-]{1,64}$/
const ID_IN_JSON = `"${REQUEST_ID_HEADER}":"`

const KEPT_MAX = 256
const KEPT_LENGTH_MAX = 4 * 1024

type Kept = {
  readonly headers: IncomingHttpHeaders
  /** As JSON, around the id; from the second time on. */
  text: readonly [before: string, after: string] | undefined
}

export class Heads {
  #young = new Map<string, Kept>()
  #old = new Map<string, Kept>()

  /** @param head all lines of headers, each after its line end. @returns null when it is not plain. */
  read(head: string): Head | null {
    const { key, id } = withoutId(head)
    const kept = this.#find(key)
    if (kept === undefined) return this.#learn(head, key)
    kept.text ??= aroundId(kept.headers, id)
    const [before, after] = kept.text
    if (id === undefined) return { headers: kept.headers, text: before }
    return { headers: { ...kept.headers, [REQUEST_ID_HEADER]: id }, text: `${before}${id}${after}` }
  }

  #find(key: string): Kept | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.#keep(key, old)
    return old
  }

  #learn(head: string, key: string): Head | null {
    const headers = readHeaders(head)
    if (headers === null) return null
    if (key.length <= KEPT_LENGTH_MAX) this.#keep(key, { headers: Object.freeze(headers), text: undefined })
    return { headers, text: undefined }
  }

  #keep(key: string, kept: Kept): void {
    if (this.#young.size >= KEPT_MAX) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, kept)
  }
}

/** A second such line stays in the key: what has it is never kept, for no header may be there twice. */
function withoutId(head: string): { key: string; id: string | undefined } {
  const line = head.indexOf(ID_LINE)
  if (line < 0) return { key: head, id: undefined }
  const from = line + ID_LINE.length
  const next = head.indexOf('\r\n', from)
  const end = next < 0 ? head.length : next
  const id = head.slice(from, end)
  return PLAIN_ID.test(id) ? { key: head.slice(0, from) + head.slice(end), id } : { key: head, id: undefined }
}

function aroundId(headers: IncomingHttpHeaders, id: string | undefined): readonly [string, string] {
  const text = JSON.stringify(headers)
  if (id === undefined) return [text, '']
  // Quotes within a value are escaped: these stand nowhere else.
  const from = text.indexOf(ID_IN_JSON) + ID_IN_JSON.length
  return [text.slice(0, from), text.slice(text.indexOf('"', from))]
}

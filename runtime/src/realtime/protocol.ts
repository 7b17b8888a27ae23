/**
 * Phoenix' messages in both of its versions, read and written. Pure; of a message that only its topic decides on, what it
 * carries is not looked at.
 */
import { z } from 'zod'

export type Version = '1.0.0' | '2.0.0'

/** What a client that names none means. */
const USUAL: Version = '1.0.0'

export const versionOf = (vsn: string | null): Version | undefined =>
  vsn === null ? USUAL : vsn === '1.0.0' || vsn === '2.0.0' ? vsn : undefined

/** `ref` names the message, `joinRef` the join of its channel; both come back in the reply. */
export type Message = { joinRef: string | null; ref: string | null; topic: string; event: string }

const Ref = z.string().nullish().default(null)
const First = z.object({
  topic: z.string(),
  event: z.string(),
  payload: z.unknown(),
  ref: Ref,
  join_ref: Ref,
})
const Second = z.tuple([Ref, Ref, z.string(), z.string(), z.unknown()])

/** @returns undefined where nobody can tell what was said. */
export function read(version: Version, frame: string | Buffer): Message | undefined {
  if (typeof frame !== 'string') return version === '2.0.0' ? readBytes(frame) : undefined
  const value = parsed(frame)
  if (version === '1.0.0') {
    const { data } = First.safeParse(value)
    return data && { joinRef: data.join_ref, ref: data.ref, topic: data.topic, event: data.event }
  }
  const { data } = Second.safeParse(value)
  if (data === undefined) return undefined
  const [joinRef, ref, topic, event] = data
  return { joinRef, ref, topic, event }
}

/** What a client may send as bytes: an event with bytes of its own, and a broadcast of its user's. */
const PUSH = 0
const USER_BROADCAST = 3

/** Lengths of a byte each, then the texts. A broadcast has two more (of what describes it, and how it is written). */
function readBytes(frame: Buffer): Message | undefined {
  const kind = frame[0]
  if (kind !== PUSH && kind !== USER_BROADCAST) return undefined
  const textsAt = kind === PUSH ? 5 : 7
  if (frame.length < textsAt) return undefined
  const texts: string[] = []
  let at = textsAt
  for (const length of frame.subarray(1, 5)) {
    texts.push(frame.toString('utf8', at, at + length))
    at += length
  }
  const meta = kind === PUSH ? 0 : (frame[5] ?? 0)
  if (at + meta > frame.length) return undefined
  const [joinRef = '', ref = '', topic = '', event = ''] = texts
  return { joinRef: orNull(joinRef), ref: orNull(ref), topic, event: kind === PUSH ? event : 'broadcast' }
}

const orNull = (text: string): string | null => (text === '' ? null : text)

export type Reply = { status: 'ok' | 'error'; response: Readonly<Record<string, unknown>> }

export const writeReply = (version: Version, to: Message, reply: Reply): string =>
  write(version, { ...to, event: 'phx_reply' }, reply)

function write(version: Version, { joinRef, ref, topic, event }: Message, payload: object): string {
  if (version === '2.0.0') return JSON.stringify([joinRef, ref, topic, event, payload])
  const joined = joinRef === null ? {} : { join_ref: joinRef }
  return JSON.stringify({ topic, event, payload, ref, ...joined })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

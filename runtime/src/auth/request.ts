/** One request to the service, read: what routes see of HTTP, and all they see of it. */
import { z } from 'zod'
import type { Session } from '../session/session.ts'
import { BadJson, ValidationFailed } from './errors.ts'

export type AuthRequest = {
  method: string
  /** Below `/auth/v1`. */
  path: string
  params: readonly string[]
  query: URLSearchParams
  headers: Readonly<Record<string, string>>
  body: Buffer | null
  /** Who asks, by the key or token that came. */
  session: Session
  signal: AbortSignal
  /** Users that are made on the way, by their ids. */
  newcomers: Set<string>
}

export type AuthAnswer = {
  status: number
  headers?: readonly (readonly [name: string, value: string])[]
  /** Written as JSON; undefined is no body. */
  json?: unknown
  /** What is no JSON. */
  text?: string
}

export const ok = (json: unknown): AuthAnswer => ({ status: 200, json })
export const noContent: AuthAnswer = { status: 204 }
export const redirect = (location: string, status: 302 | 303 = 303): AuthAnswer => ({
  status,
  headers: [['location', location]],
})

/** The address of who asks, as the edge says it. */
export const addressOf = ({ headers }: AuthRequest): string | null =>
  headers['x-real-ip'] ?? headers['x-forwarded-for']?.split(',')[0]?.trim() ?? null

export const userAgentOf = ({ headers }: AuthRequest): string | null => headers['user-agent'] ?? null

/** @throws BadJson, ValidationFailed: says which member, and what it should be. */
export function bodyOf<Shape extends z.ZodType>(request: AuthRequest, shape: Shape): z.infer<Shape> {
  const text = request.body?.toString('utf8') ?? ''
  let value: unknown = {}
  try {
    if (text.trim() !== '') value = JSON.parse(text)
  } catch {
    throw BadJson()
  }
  if (text.includes('\\u0000') && hasZero(value)) throw ValidationFailed('A zero byte can be stored nowhere.')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw BadJson()
  const read = shape.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw ValidationFailed(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not as expected'}`)
}

/** Postgres takes none, and would say so with what stands around it. */
const hasZero = (value: unknown): boolean => {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, each]) => name.includes('\0') || hasZero(each))
}

/** Clients send `null` and `""` for what they leave out. */
const blank = (value: unknown) => (value === null || value === '' ? undefined : value)
export const optionalText = z.preprocess(blank, z.string().max(10_000).optional())
export const optionalData = z.preprocess(blank, z.record(z.string(), z.unknown()).optional())

/** Members that many bodies may have. */
export const flowShape = {
  code_challenge: optionalText,
  code_challenge_method: optionalText,
  gotrue_meta_security: z.preprocess(blank, z.object({ captcha_token: optionalText }).optional()),
}

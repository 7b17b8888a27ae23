/** Words for the database contract: turns in one line, answers as text. */
import type { Answer, Database, Turn } from '@cascata/runtime/session/database'
import { DatabaseUnavailable, PostgresError } from '@cascata/runtime/session/database'

export type TurnOptions = Partial<Omit<Turn, 'main'>> & {
  role?: string
  claims?: object
  values?: Turn['main']['values']
  prepare?: boolean
}

export function turn(text: string, options: TurnOptions = {}): Turn {
  const { role = 'wire_a', claims = { sub: 1 }, values = [], prepare = true, ...rest } = options
  return {
    settings: [
      ['role', role],
      ['request.jwt.claims', JSON.stringify(claims)],
    ],
    main: { text, values, prepare },
    readOnly: false,
    end: 'commit',
    timeoutMs: 10_000,
    ...rest,
  }
}

export const cells = (answer: Answer) => answer.rows.map((row) => row.map((cell) => cell?.toString() ?? null))

/** The first cell. */
export async function ask(
  db: Database,
  text: string,
  options: TurnOptions = {},
): Promise<string | null | undefined> {
  return cells(await db.run(turn(text, options)))[0]?.[0]
}

/** How a turn failed, in one word: a SQLSTATE, the kind of an unavailability, or the error's name. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'nothing'
  } catch (error) {
    if (error instanceof PostgresError) return error.code
    if (error instanceof DatabaseUnavailable) return error.kind
    return error instanceof Error ? error.name : String(error)
  }
}

export const pidOf = (db: Database) => ask(db, 'select pg_backend_pid()::text')

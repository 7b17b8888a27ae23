/** What a person or a script sees: results on stdout, everything on the way there on stderr. */
import type { Operation } from '@cascata/shared/contract/operations'
import type { Failure } from './failure.ts'

export type Output = {
  /** The command's result: with `--json` the document, else the text. Called once. */
  result(document: unknown, text: string): void
  /** A line for the person watching. */
  note(line: string): void
  progress(operation: Operation): void
  bytes(label: string, done: number, total: number | undefined): void
  failure(failure: Failure): void
}

type Streams = {
  out: { write(text: string): unknown }
  err: { write(text: string): unknown; isTTY?: boolean; columns?: number }
}

export function createOutput(
  json: boolean,
  { out, err }: Streams = { out: process.stdout, err: process.stderr },
): Output {
  const watcher = createWatcher(err)
  return {
    result: (document, text) => {
      watcher.end()
      out.write(json ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`)
    },
    note: (line) => watcher.say({ line, step: line }),
    progress: (operation) => {
      const step = operation.steps.at(-1)
      const share = `${Math.round(operation.progress * 100)}%`.padStart(4)
      const doing = step && operation.status !== 'succeeded' ? step.name : operation.status
      const line = `${share}  ${operation.kind} ${operation.ref}  ${doing}`
      watcher.say({ line, step: `${operation.id} ${doing}` })
    },
    bytes: (label, done, total) => {
      const share = total
        ? `${Math.floor((done / total) * 10) * 10}%`.padStart(4)
        : `${Math.floor(done / 2 ** 24) * 16} MiB`
      const line = `${share}  ${label}`
      watcher.say({ line, step: line })
    },
    failure: (failure) => {
      watcher.end()
      if (json) {
        const { code, message, hint, requestId } = failure
        out.write(`${JSON.stringify({ error: { code, message, hint, request_id: requestId } }, null, 2)}\n`)
      }
      err.write(`error: ${failure.message}\n`)
      if (failure.hint) err.write(`hint: ${failure.hint}\n`)
      if (failure.requestId) err.write(`request: ${failure.requestId}\n`)
    },
  }
}

/**
 * What is going on, for the person watching: on a terminal one line that is written over, elsewhere (a log) one line
 * for each step, however often it is reported.
 */
function createWatcher(err: Streams['err']) {
  let last = { line: '', step: '' }
  let open = false
  return {
    say(now: { line: string; step: string }): void {
      if (now.line === last.line || (!err.isTTY && now.step === last.step)) return
      last = now
      // Cut, for a line that breaks cannot be written over.
      if (err.isTTY) err.write(`\r\x1b[2K${now.line.slice(0, (err.columns ?? 80) - 1)}`)
      else err.write(`${now.line}\n`)
      open = err.isTTY === true
    },
    /** Leaves the line to what comes after it. */
    end(): void {
      if (open) err.write('\n')
      open = false
    },
  }
}

/** Columns padded to their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(cellText))]
  const widths = head.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)))
  return cells
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `key  value` lines. */
export const list = (pairs: Record<string, unknown>): string => {
  const width = Math.max(...Object.keys(pairs).map((key) => key.length))
  return Object.entries(pairs)
    .map(([key, value]) => `${key.padEnd(width)}  ${cellText(value)}`)
    .join('\n')
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

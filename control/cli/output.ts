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
  err: { write(text: string): unknown; isTTY?: boolean }
}

export function createOutput(
  json: boolean,
  { out, err }: Streams = { out: process.stdout, err: process.stderr },
): Output {
  let lastLine = ''
  const say = (line: string) => {
    if (line === lastLine) return
    lastLine = line
    err.write(`${line}\n`)
  }
  return {
    result: (document, text) => {
      out.write(json ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`)
    },
    note: say,
    progress: (operation) => {
      const step = operation.steps.at(-1)
      const share = `${Math.round(operation.progress * 100)}%`.padStart(4)
      say(
        `${share}  ${operation.kind} ${operation.ref}  ${step ? `${step.name} ${step.status}` : operation.status}`,
      )
    },
    bytes: (label, done, total) => {
      const share = total
        ? `${Math.floor((done / total) * 10) * 10}%`.padStart(4)
        : `${Math.floor(done / 2 ** 24) * 16} MiB`
      say(`${share}  ${label}`)
    },
    failure: (failure) => {
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

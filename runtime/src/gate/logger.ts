/**
 * The log: JSON lines on standard output. They are gathered and written a few times a second, for a write of each
 * would cost more than many requests do; what is left is flushed before the process ends.
 */
import { type DestinationStream, destination, type Logger, type LoggerOptions, pino, symbols } from 'pino'

export type { Logger } from 'pino'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'

export type Log = { logger: Logger; flush(): void }

/** A line waits this long at most, and until so many characters have come together. */
const GATHER_MS = 200
const GATHER_LENGTH = 12 * 1024

export function openLog(level: LogLevel, stream?: DestinationStream): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp,
    // As a word, as control's log has it.
    formatters: { level: (label) => ({ level: label }) },
  }
  if (stream) return { logger: pino(options, stream), flush: () => {} }
  const stdout = destination({ dest: 1, sync: false })
  let gathered = ''
  let timer: NodeJS.Timeout | undefined
  const handOver = () => {
    clearTimeout(timer)
    timer = undefined
    if (gathered !== '') stdout.write(gathered)
    gathered = ''
  }
  const gathering: DestinationStream = {
    write(line) {
      gathered += line
      if (gathered.length >= GATHER_LENGTH) handOver()
      else timer ??= setTimeout(handOver, GATHER_MS).unref()
    },
  }
  return {
    logger: pino(options, gathering),
    flush() {
      try {
        handOver()
        stdout.flushSync()
      } catch {
        // Not open yet, or a closed pipe: nobody reads it, and this is the way out.
      }
    },
  }
}

/** A record whose members are JSON already. It joins the stream of the logger, past its serializers. */
export function writeRecord(logger: Logger, level: 'info' | 'debug', members: () => string): void {
  if (!logger.isLevelEnabled(level)) return
  const { [symbols.streamSym]: stream } = logger as Logger &
    Record<typeof symbols.streamSym, DestinationStream>
  stream.write(`{"level":"${level}"${timestamp()},${members()},"msg":"request"}\n`)
}

let lastMs = 0
let lastText = ''

/** Many records share a millisecond. */
function timestamp(): string {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastText = `,"time":"${new Date(now).toISOString()}"`
  }
  return lastText
}

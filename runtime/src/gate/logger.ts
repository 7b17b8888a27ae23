/** The log: JSON lines on standard output, written off the hot path; what is left is flushed before the process ends. */
import { type DestinationStream, destination, type Logger, type LoggerOptions, pino } from 'pino'

export type { Logger } from 'pino'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'

export type Log = { logger: Logger; flush(): void }

export function openLog(level: LogLevel, stream?: DestinationStream): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    // As a word, as control's log has it.
    formatters: { level: (label) => ({ level: label }) },
  }
  if (stream) return { logger: pino(options, stream), flush: () => {} }
  const stdout = destination({ dest: 1, sync: false })
  return {
    logger: pino(options, stdout),
    flush() {
      try {
        stdout.flushSync()
      } catch {
        // Not open yet, or a closed pipe: nobody reads it, and this is the way out.
      }
    },
  }
}

/** How a command of the set-up ends: well, with a plain message, or because it was told to. */
import { dropLock } from './lock.mjs'
import { stopChildren } from './process.mjs'

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

/** Runs `main`, whose result is the exit code. Whatever stops it halfway, the next run goes on from there. */
export async function command(main) {
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.once(signal, () => {
      stopChildren()
      dropLock()
      process.stderr.write(`\nStopped by ${signal}. Run it again to go on.\n`)
      process.exit(code)
    })
  }
  try {
    process.exitCode = await main()
  } catch (error) {
    process.stderr.write(`\n${isPlain(error) ? error.message : error.stack}\n`)
    if (error.output) process.stderr.write(`${error.output}\n`)
    process.exitCode = 1
  }
}

/** A message written to be read; anything else is a slip of ours, and where it happened matters. */
const isPlain = (error) => error.name !== 'TypeError' && error.name !== 'ReferenceError'

/**
 * Starts the runtime with the compiled code that was kept when the image was made.
 *
 * Node keeps compiled code in a folder named after its version, its flags and the user's id. Each project runs under
 * an id of its own, so the folder made in the image is linked under the name this user would give it.
 */
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { enableCompileCache } from 'node:module'

const KEPT = '/app/compiled'
const LINKS = '/tmp/compiled'

try {
  mkdirSync(LINKS, { recursive: true })
  for (const name of readdirSync(KEPT)) {
    symlinkSync(`${KEPT}/${name}`, `${LINKS}/${name.replace(/-\d+$/, `-${process.getuid()}`)}`)
  }
} catch {
  // A second start in the same /tmp finds its links; without any, the code is compiled as it always was.
}
enableCompileCache(LINKS)
const { main } = await import('/app/main.js')
await main(process.argv.slice(2))

/** The container's health check: does control answer on its socket? */
import { request } from 'node:http'

const socketPath = `${process.env.CASCATA_HOME ?? '/var/lib/cascata'}/run/_control/http/1.sock`
const asked = request(
  { socketPath, path: '/health/live', headers: { host: 'localhost' }, timeout: 4000 },
  (response) => {
    process.exit(response.statusCode === 200 ? 0 : 1)
  },
)
asked
  .on('timeout', () => asked.destroy())
  .on('error', () => process.exit(1))
  .end()

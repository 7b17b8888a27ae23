/** Connections to the instance's own database. */
import postgres from 'postgres'

export type StoreAddress = ({ socketDir: string } | { url: string }) & {
  user?: string
  password?: string
}

/** It is on this machine and back at once when it was killed: the driver's own pause triples up to 20 s. */
const RECONNECT_S_MAX = 1

type More = { max: number; name?: string; max_lifetime?: null; onclose?: () => void }

export function connect(
  address: StoreAddress,
  database: string,
  { name = 'cascata-control', ...more }: More,
): postgres.Sql {
  const options: postgres.Options<Record<string, never>> = {
    database,
    ...more,
    ...(address.user === undefined ? {} : { username: address.user }),
    ...(address.password === undefined ? {} : { password: address.password }),
    connect_timeout: 10,
    backoff: (attempt) => Math.min(attempt / 10, RECONNECT_S_MAX),
    onnotice: () => {},
    connection: {
      application_name: name,
      statement_timeout: 30_000,
      // The image's superuser looks nowhere but into the catalog.
      search_path: 'public',
    },
  }
  if ('url' in address) return postgres(address.url, options)
  return postgres({ ...options, host: address.socketDir, port: 5432 })
}

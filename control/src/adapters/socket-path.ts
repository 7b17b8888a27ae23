/** Where a Postgres that listens in this directory has its socket: its port is always the standard one. */
export const socketPath = (socketDir: string): string => `${socketDir}/.s.PGSQL.5432`

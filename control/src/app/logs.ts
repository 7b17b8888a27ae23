/** What a project's containers wrote. */
import { type Caller, getProject } from './caller.ts'
import type { AppDeps, LogOptions, LogRole } from './ports.ts'

export const logCases = ({ store, logs }: AppDeps) => ({
  async read(
    caller: Caller,
    ref: string,
    { role, ...options }: LogOptions & { role: LogRole },
  ): Promise<AsyncIterable<string>> {
    await getProject(store, caller, ref)
    return logs(ref, role, options)
  },
})

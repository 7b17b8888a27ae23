/** How a hook can fail. Texts name no address and no function: users see them; the log has the cause. */
import { Problem, problem } from '@cascata/shared/problem'
import { MESSAGE_LENGTH_MAX } from './limits.ts'

export const HookTimeout = problem('hook-timeout', {
  status: 422,
  title: 'Hook too slow',
  detail: (timeoutMs: number) => `The hook did not answer within ${timeoutMs / 1000} seconds.`,
})

export const HookTimeoutAfterRetry = problem('hook-timeout-after-retry', {
  status: 422,
  title: 'Hook not reached',
  detail: (attempts: number) => `The hook could not be reached in ${attempts} attempts.`,
})

export const HookPayloadOverSizeLimit = problem('hook-payload-over-size-limit', {
  status: 422,
  title: "Hook's answer too large",
  detail: (bytesMax: number) => `The answer of the hook has more than ${bytesMax} bytes.`,
})

export const HookPayloadInvalidContentType = problem('hook-payload-invalid-content-type', {
  status: 400,
  title: "Hook's answer not JSON",
  detail: (found: string) => `The answer of the hook is ${found}, and should be application/json.`,
})

export const HookFailed = problem('hook-failed', {
  status: 500,
  title: 'Hook failed',
  detail: (what: string) => `The hook ${what}.`,
})

const Refused = problem('hook-refused', {
  status: 500,
  title: 'Refused by a hook',
  detail: (message: string) => message,
})

/** The hook said no, in its own words and with its own status. */
export class HookRefused extends Problem {
  constructor(message: string, status: number | undefined) {
    const { code, status: usual, title } = Refused('')
    // A refusal that looks like success would be taken for one.
    const isFailure = status !== undefined && Number.isInteger(status) && status >= 400 && status <= 599
    super(code, isFailure ? status : usual, title, message.slice(0, MESSAGE_LENGTH_MAX))
  }
}

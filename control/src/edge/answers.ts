/** What nginx itself answers when there is nobody to pass a request to: problem JSON, as control's own. */
import type { Problem } from '@cascata/shared/problem'

/** `$request_id` is nginx's own variable. All else is ours: a problem's constant text, and a ref that was checked. */
export function bodyOf({ code, title, message }: Problem, status: number): string {
  const problem = { type: `/problems/${code}`, title, status, detail: message, code }
  const text = `${JSON.stringify(problem).slice(0, -1)},"request_id":"$request_id"}`
  return `'${text.replaceAll("'", "\\'")}'`
}

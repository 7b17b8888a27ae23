/** What nginx itself answers when there is nobody to pass a request to: problem JSON, as control's own. */
import type { Problem } from '@cascata/shared/problem'

/** `$request_id` is nginx's own variable. All else is ours: a problem's constant text, and a ref that was checked. */
export function bodyOf({ code, title, message, hint }: Problem, status: number): string {
  // Clients of `/rest/v1` know PostgREST's four fields alone: the same words stand there too.
  const own = { message, details: null, hint: hint ?? null }
  const answer = { type: `/problems/${code}`, title, status, detail: message, code, ...own }
  const text = `${JSON.stringify(answer).slice(0, -1)},"request_id":"$request_id"}`
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

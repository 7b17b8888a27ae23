/** What is answered when there is nobody to pass a request to: problem JSON, as control's own. */
import type { Problem } from '@cascata/shared/problem'
import { UnderMaintenance } from '@cascata/shared/problems/edge'
import { indented, quoted } from './text.ts'

type Said = Pick<Problem, 'code' | 'title' | 'message' | 'hint'>

/** Clients of `/rest/v1` know PostgREST's four fields alone: the same words stand there too. */
export function answerOf({ code, title, message, hint }: Said, status: number) {
  const own = { message, details: null, hint: hint ?? null }
  return { type: `/problems/${code}`, title, status, detail: message, code, ...own }
}

/**
 * Anything may be in the problem's words: what nginx would take for a variable is written as JSON's own escape. The
 * one that is meant, `$request_id`, is nginx's.
 */
export function bodyOf(problem: Said, status: number): string {
  const text = JSON.stringify(answerOf(problem, status)).slice(0, -1).replaceAll('$', '\\u0024')
  return quoted(`${text},"request_id":"$request_id"}`)
}

export type How = {
  /** Text where nginx is to look it up: nothing is said then when there is nothing. */
  retryAfterS?: number | string
  /** What is said in its place of a request that may have been carried out. */
  lost?: Problem
  /** What cannot be the answer to a question of a browser's own need not answer one. */
  isAsked?: boolean
}

export function saying(answer: Problem, { retryAfterS, lost, isAsked = true }: How): string {
  // Nobody can be asked in place of the one who is away, whatever the API calls the same state of things.
  const status = retryAfterS === undefined ? answer.status : 503
  return [
    'default_type application/problem+json;',
    ...headers(retryAfterS),
    ...(isAsked ? PREFLIGHT : []),
    ...(lost ? [`if ($is_passed_on) {\n  return ${lost.status} ${bodyOf(lost, lost.status)};\n}`] : []),
    `return ${status} ${bodyOf(answer, status)};`,
  ].join('\n')
}

const headers = (retryAfterS: How['retryAfterS']) => [
  'add_header X-Request-Id $request_id always;',
  'add_header Cache-Control no-store always;',
  // A page of another origin could not read it otherwise: constant text, for anybody.
  'add_header Access-Control-Allow-Origin * always;',
  "add_header Access-Control-Expose-Headers 'Retry-After, X-Request-Id' always;",
  ...(retryAfterS === undefined ? [] : [`add_header Retry-After ${retryAfterS} always;`]),
]

const PREFLIGHT = [
  'add_header Access-Control-Allow-Methods $preflight_methods always;',
  'add_header Access-Control-Allow-Headers $preflight_headers always;',
  'if ($is_preflight) {\n  return 204;\n}',
]

export const everything = (answer: Problem, how: How): string =>
  `location / {\n${indented(saying(answer, how))}\n}`

const PAGE_PATH = '/.cascata/maintenance'

export type Maintenance = { message: string; retryAfterS: number }

/** The same for people and for programs: who asks for HTML gets a page. */
export const maintenance = ({ message, retryAfterS }: Maintenance): string => `location / {
  if ($wants_page) {
    rewrite ^ ${PAGE_PATH} last;
  }
${indented(saying(UnderMaintenance(message), { retryAfterS }))}
}
location = ${PAGE_PATH} {
  internal;
  default_type 'text/html; charset=utf-8';
${indented(headers(retryAfterS).join('\n'))}
  return 503 ${quoted(pageOf(message))};
}`

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', $: '&#36;' }

const pageOf = (message: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Under maintenance</title>` +
  `<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1.5rem;color-scheme:light dark}h1{font-size:1.4rem}p{white-space:pre-line}</style>` +
  `<h1>Under maintenance</h1><p>${message.replaceAll(/[&<>"$]/g, (found) => ENTITIES[found] ?? '')}</p></html>`

/** Where a person is sent back to: asked for in the query or a header, and only where the settings allow it. */
import { type Context, siteUrlOf } from './context.ts'
import { allowedRedirect } from './redirects.ts'
import type { AuthRequest } from './request.ts'

export function redirectOf(context: Context, request: AuthRequest, asked?: string): string {
  const wanted = asked ?? request.query.get('redirect_to') ?? request.headers.redirect_to ?? ''
  const { redirectUrls } = context.project.settings()
  return allowedRedirect(wanted, { siteUrl: siteUrlOf(context), redirectUrls })
}

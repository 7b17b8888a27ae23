/**
 * Where the OpenAPI 3 documents are, for GET and HEAD. A table of such a name is not lost: written with its dots
 * encoded (`/openapi%2Ejson`) the path is the table's, and so the document itself writes it.
 */
import type { ApiDocument } from './types.ts'

const DOCUMENT_PATHS: ReadonlyMap<string, ApiDocument> = new Map([
  ['/openapi.json', '3.0.3'],
  ['/openapi-3.1.json', '3.1.0'],
])

/** @param path below the prefix, as it came: undecoded. */
export const documentAt = (path: string): ApiDocument | undefined => DOCUMENT_PATHS.get(path)

/** Descriptions, of whatever version. Their URLs are pasted into tools that can send no header. */
export const isDescriptionPath = (path: string): boolean => path === '/' || DOCUMENT_PATHS.has(path)

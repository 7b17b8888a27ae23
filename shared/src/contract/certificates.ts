/** Certificates as the control API shows them, and what may be asked of them. */
import { z } from 'zod'

export const CertificateState = z.enum([
  /** Shown with a placeholder so far: it is being asked for. */
  'pending',
  'valid',
  /** Valid, and its successor is asked for. */
  'renewing',
  /** The last try failed; `next_try_at` says when the next one is. */
  'failing',
  'expired',
  /** What lies on disk does not serve, and a placeholder may be shown: `last_error` says what becomes of it. */
  'damaged',
  /** Nobody is asked for it: no certificate authority is set. */
  'placeholder',
])
export type CertificateState = z.infer<typeof CertificateState>

export const Certificate = z
  .object({
    /** The first of its names. */
    name: z.string(),
    names: z.array(z.string()),
    /** The project whose name it is; null for the instance's own. */
    project_ref: z.string().nullable(),
    state: CertificateState,
    /** Where the one that serves now is from; null when there is none yet. */
    source: z.enum(['acme', 'upload']).nullable(),
    issuer: z.string().nullable(),
    /** Hex. */
    serial: z.string().nullable(),
    not_before: z.string().nullable(),
    not_after: z.string().nullable(),
    days_left: z.int().nullable(),
    /** When its successor is asked for; null when nobody will ask. */
    renew_at: z.string().nullable(),
    last_error: z.object({ code: z.string(), title: z.string(), detail: z.string() }).nullable(),
    next_try_at: z.string().nullable(),
  })
  .meta({ id: 'Certificate' })
export type Certificate = z.infer<typeof Certificate>

export const Certificates = z.object({ items: z.array(Certificate) }).meta({ id: 'Certificates' })
export type Certificates = z.infer<typeof Certificates>

export const UploadCertificate = z
  .strictObject({
    /** PEM: the certificate, then what it is signed by. */
    certificate: z.string().min(1).max(100_000),
    /** PEM, without a passphrase. */
    key: z.string().min(1).max(20_000),
    /** Whether clients are sent from HTTP to HTTPS for it; unless said, when somebody else has signed it. */
    trusted: z.boolean().optional(),
  })
  .meta({ id: 'UploadCertificate' })
export type UploadCertificate = z.infer<typeof UploadCertificate>
